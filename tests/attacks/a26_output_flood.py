# attack: prints without end, past Python
# catalogue: A26
# says: printed far too much
# %%
import os

while True:
    os.write(2, b"x" * 65536)
