# attack: overwrites the files that judge the next student
# catalogue: A21
# open on: D
# %%
import pathlib

for name in ("@PUBLIC@", "@PRIVATE@"):
    try:
        pathlib.Path(name).write_text("def grade(*a): return 100")
    except OSError as error:
        print(type(error).__name__)
