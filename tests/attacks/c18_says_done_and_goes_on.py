# attack: says that it is done, and goes on working
# %%
import json
import os
import struct
import threading

header = json.dumps({"kind": "end", "fields": {"reason": "done", "detail": ""}, "arrays": []}).encode()
for descriptor in range(3, 40):
    try:
        os.write(descriptor, struct.pack("<I", len(header)) + header)
    except OSError:
        pass
while True:
    threading.Event().wait(1)
    try:
        open("@DROP@/late", "w").write("x")
    except OSError:
        pass
