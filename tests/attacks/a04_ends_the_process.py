# attack: ends the process with status 0, past Python
# catalogue: A04
# says: ended
# %%
import ctypes

ctypes.CDLL(None)._exit(0)
