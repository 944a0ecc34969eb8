# attack: leaves compiled code beside the grader's modules
# catalogue: A22
# open on: D
# %%
import pathlib

folder = pathlib.Path("@GRADER@", "__pycache__")
try:
    folder.mkdir(exist_ok=True)
    (folder / "@NAME@.poison").write_bytes(b"compiled")
except OSError as error:
    print(type(error).__name__)
