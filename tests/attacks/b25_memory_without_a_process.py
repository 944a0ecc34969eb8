# attack: keeps data in memory that belongs to no process
# catalogue: B25
# open on: D
# %%
import os

try:
    descriptor = os.memfd_create("hoard")
    for _ in range(200):
        os.write(descriptor, b"x" * 1_000_000)
    print("BREACH memfd")
except OSError as error:
    print(type(error).__name__)
