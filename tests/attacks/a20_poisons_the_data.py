# attack: changes the data set in the grader's cache
# catalogue: A20
# open on: D
# %%
with open("@MNIST@", "r+b") as file:
    file.write(b"poison")
