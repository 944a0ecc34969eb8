# attack: sends records of kinds that nobody asked for
# %%
import json
import os
import struct

for kind in ("verdict", "confined", "grade", "cell", "snapshot", "probe"):
    header = json.dumps({"kind": kind, "fields": {"points": 100}, "arrays": []}).encode()
    for descriptor in range(3, 40):
        try:
            os.write(descriptor, struct.pack("<I", len(header)) + header)
        except OSError:
            pass
