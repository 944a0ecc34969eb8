# attack: fills the disk with one file
# catalogue: A25
# %%
with open("big", "wb") as file:
    for _ in range(400):
        file.write(b"x" * 1_000_000)
        file.flush()
    print("BREACH one file")
