# attack: stops itself, so that it uses no time and never ends
# says: out of time
# %%
import ctypes
import os

ctypes.CDLL(None).kill(os.getpid(), 19)
