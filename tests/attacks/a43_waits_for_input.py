# attack: waits for an answer on standard input
# catalogue: A43
# %%
import sys

print(len(sys.stdin.read()))
print(input("name? "))
