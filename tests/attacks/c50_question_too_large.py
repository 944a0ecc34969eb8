# attack: networks that could just travel, and of which no question can be made
# points: 10
# verifies: long
# says: could not be built again
# %%
import gc
import json
import struct

import numpy as np

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
facts = {"split": "train", "rows": 60000, "shape": [28, 28, 1], "dtype": "float32", "low": 0.0, "high": 1.0}
facts = {**facts, "labels": "integer", "scale": 1 / 255, "offset": 0.0}
fields = {"stage": "trained", "class": "Sequential", "layers": [], "parameters": 101770, "data": facts}


def send(model, spec, arrays=()):
    listing = [[f"w{n}", array.dtype.name, list(array.shape)] for n, array in enumerate(arrays)]
    told = {"kind": "snapshot", "fields": {**fields, "model": model, "call": model, "spec": spec}, "arrays": listing}
    header = json.dumps(told, ensure_ascii=False).encode()
    for part in (struct.pack("<I", len(header)), header, *arrays):
        story._answers.write(part)
    story._answers.flush()


story.send("names", {"cell": 1, "models": {"model": 1, "cnn_model": 2}})
# In UTF-8 two bytes, as an escape of JSON six.
send(1, [{"class": "Flatten", "config": {"data_format": "é" * 30_000}}])
# With the images that are asked about it has more arrays than a frame may have.
send(2, [{"class": "Flatten", "config": {}}], [np.zeros(1, np.float32)] * 512)
