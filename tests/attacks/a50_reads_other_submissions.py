# attack: reads what others handed in
# catalogue: A50
# open on: C, D
# %%
import os
import pathlib

try:
    for name in os.listdir("@OTHERS@"):
        print(pathlib.Path("@OTHERS@", name).read_text())
except OSError as error:
    print(type(error).__name__)
