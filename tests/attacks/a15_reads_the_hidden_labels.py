# attack: reads files of the grader, open to all and private
# catalogue: A15
# open on: C, D
# %%
import pathlib

for name in ("@PUBLIC@", "@PRIVATE@"):
    try:
        print(pathlib.Path(name).read_text())
    except OSError as error:
        print(type(error).__name__)
