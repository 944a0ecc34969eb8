# attack: leaves its session and signals groups of processes
# catalogue: B35
# %%
import ctypes
import os

libc = ctypes.CDLL(None)
for change in (os.setsid, os.setpgrp, lambda: os.setpgid(0, 0)):
    try:
        change()
    except OSError as error:
        print(type(error).__name__)
print(libc.kill(0, 0), libc.killpg(0, 0))
