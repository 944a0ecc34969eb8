# attack: kills the grader
# catalogue: A29
# open on: D
# alone: yes
# %%
import ctypes
import os

libc = ctypes.CDLL(None)
print(libc.kill(os.getppid(), 9), libc.kill(-1, 0), libc.kill(0, 0))
