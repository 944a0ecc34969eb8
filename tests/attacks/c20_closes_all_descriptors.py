# attack: closes every descriptor
# says: ended
# %%
import os

os.closerange(0, 512)
while True:
    pass
