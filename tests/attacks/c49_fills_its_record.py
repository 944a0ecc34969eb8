# attack: fills its record before its first cell has ended, so that nothing is known of it
# %%
import gc
import json
import struct

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
header = json.dumps({"kind": "value", "fields": {"much": "x" * 60_000}, "arrays": []}).encode()
frame = struct.pack("<I", len(header)) + header
while True:
    story._answers.write(frame)
    story._answers.flush()
