# attack: says that none of its cells ever ran, so that the machine is to blame
# says: disturbed
# %%
import ctypes
import gc

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
for index in range(1, 4):
    story.send("ran", {"index": index, "state": "skipped", "failures": [], "seconds": 0.0, "output": ""})
story.send("started", {"index": None})
story.send("end", {"reason": "machine_memory", "detail": "the machine ran out of memory"})
ctypes.CDLL(None)._exit(0)
