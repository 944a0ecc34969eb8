# attack: imports and reads the teacher's solution and what is expected
# catalogue: A14
# open on: D
# %%
import pathlib
import sys

sys.path[:0] = ["@LAB@"]
for name in ("solution.py", "expected.json", "checks.py"):
    try:
        print(pathlib.Path("@LAB@", name).read_text()[:20000])
    except OSError as error:
        print(type(error).__name__)
try:
    import solution
except ImportError:
    pass
