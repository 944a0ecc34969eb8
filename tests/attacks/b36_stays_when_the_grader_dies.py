# attack: takes back that it dies with its parent
# catalogue: B36
# open on: D
# %%
import ctypes

if ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0:
    print("BREACH outlives")
