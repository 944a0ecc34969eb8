# attack: walks the frames of its callers for the labels of the held-out images
# catalogue: A12
# %%
import sys

import numpy as np

frame = sys._getframe()
seen = []
while frame is not None:
    for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
        for array in [value, *getattr(value, "arrays", {}).values()] if hasattr(value, "arrays") else [value]:
            if isinstance(array, np.ndarray) and array.ndim == 1 and 100 < len(array) < 2000:
                print("labels?", "".join(map(str, array.astype(int)[:60])))
    frame = frame.f_back
