# attack: imports the judge and reads what it expects
# open on: D
# %%
try:
    import grader.rubric
    import grader.judge.defects
    import grader.labs

    print("BREACH", grader.labs.find("mnist_cnn"))
except (ImportError, OSError) as error:
    print(type(error).__name__)
