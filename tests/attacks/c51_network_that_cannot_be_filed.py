# attack: a table of layers that could just travel, and cannot be filed
# catalogue: B14
# points: 10
# says: could not be looked at|could not be built
# %%
import gc
import json
import struct

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
facts = {"split": "train", "rows": 60000, "shape": [28, 28, 1], "dtype": "float32", "low": 0.0, "high": 1.0}
facts = {**facts, "labels": "integer", "scale": 1 / 255, "offset": 0.0}
layers = [{"kind": "é" * 250, "output_shape": [10], "parameters": 0} for _ in range(110)]
fields = {"model": 1, "call": 1, "stage": "trained", "class": "Sequential", "layers": layers, "parameters": 0}
told = {"kind": "snapshot", "fields": {**fields, "spec": None, "data": facts}, "arrays": []}
header = json.dumps(told, ensure_ascii=False).encode()
story.send("names", {"cell": 1, "models": {"model": 1}})
story._answers.write(struct.pack("<I", len(header)) + header)
story._answers.flush()
