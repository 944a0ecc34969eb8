# attack: changes mode, time and length of files of the grader
# catalogue: B22
# open on: D
# %%
import ctypes
import os

for name in ("@PUBLIC@", "@PRIVATE@"):
    for change in (
        lambda: os.chmod(name, 0o666),
        lambda: os.utime(name, (0, 0)),
        lambda: os.truncate(name, 0),
        lambda: os.open(name, os.O_RDONLY | os.O_TRUNC),
        lambda: os.chown(name, 12345, 12345),
        lambda: os.rename(name, "mine"),
        lambda: os.unlink(name),
    ):
        try:
            change()
        except OSError as error:
            print(type(error).__name__)
