# attack: leaves files in the folders that everybody may write to
# open on: C, D
# %%
import pathlib

for folder in ("@DROP@", "@SHARED@"):
    try:
        pathlib.Path(folder, "left-@NAME@").write_text("for the next one")
    except OSError as error:
        print(type(error).__name__)
