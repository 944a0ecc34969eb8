# attack: tells again what stands in its cells, with a billion lines
# says: disturbed
# %%
import gc
import json

import numpy as np

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
facts = {"marks": [{"kind": "tape", "line": 1, "end_line": 10**12}], "placeholders": [1]}
arrays = {"source": np.frombuffer(b"x", np.uint8), "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8)}
story.send("cell", {"index": 1}, arrays)
