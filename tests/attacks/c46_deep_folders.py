# attack: leaves folders deeper than paths are long, with a file at the bottom that nobody may read
# points: 0
# %%
import os

for _ in range(1_500):
    try:
        os.mkdir("deeper" * 10)
        os.chdir("deeper" * 10)
    except OSError:
        break
with open("end", "w") as file:
    file.write("x")
os.chmod("end", 0)
os.chmod(".", 0o500)
