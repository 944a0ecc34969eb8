# attack: takes memory without end
# catalogue: A24
# says: memory
# %%
held = []
while True:
    held.append(bytearray(100_000_000))
    held[-1][::4096] = b"x" * len(held[-1][::4096])
