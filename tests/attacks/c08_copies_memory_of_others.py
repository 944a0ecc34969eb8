# attack: reads the memory and the descriptors of another process by its number
# open on: D as root
# needs: victim
# %%
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, int("@VICTIM@"), 0)
if pidfd >= 0 and libc.syscall(438, pidfd, 1, 0) >= 0:
    print("BREACH descriptor")
try:
    with open("/proc/@VICTIM@/environ", "rb") as file:
        print("BREACH", file.read()[:2000])
except OSError as error:
    print(type(error).__name__)
