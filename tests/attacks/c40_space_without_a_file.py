# attack: takes disk space that no file shows
# open on: D
# %%
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
descriptor = os.open("taken", os.O_RDWR | os.O_CREAT)
if libc.fallocate(descriptor, 1, ctypes.c_long(0), ctypes.c_long(2 * 2**30)) == 0:
    print("BREACH keep size")
try:
    os.open(".", os.O_TMPFILE | os.O_RDWR)
    print("BREACH unnamed")
except OSError as error:
    print(type(error).__name__)
