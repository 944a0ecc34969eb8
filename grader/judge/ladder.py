"""The further rung of the ladder: where to look, and how to find out, if the hint of a defect did not help.

Concrete about the way, silent about the solution: no text names the line, the layer or the argument that would be
right. Defects that are found in the same way share a text.
"""

from __future__ import annotations

from grader.language import N_

_TEXTS: dict[tuple[str, ...], str] = {
    ("placeholder", "value-missing"): N_(
        "Read the text above the cell again, and say in one sentence what goes in and what should come out. An "
        "earlier part that works often has the same pattern."
    ),
    ("nothing-written",): N_(
        "Compare the headings of your file with those of the lab's own file: which cell is missing? A part is "
        "recognised by the names in its code, so keep the lab's names."
    ),
    ("cell-timed-out", "cell-output", "cell-disk"): N_(
        "Put a `print` in front of each loop and into its first line, and run the cell: which one comes again and "
        "again, or never? A `while` needs a condition that becomes false at some time."
    ),
    ("cell-memory",): N_(
        "Print the shape of each array that the cell makes: it takes the product of the sizes, times 4 or 8 bytes."
        " Which one is far larger than the images themselves?"
    ),
    ("cell-raised", "cell-crashed", "function-stopped", "fit-stopped", "expression-stopped", "no-outputs"): N_(
        "Read the last line of the error first: it names the kind of mistake. Then print the type and the shape of"
        " each value in the marked line, just before it. Which one is not what you thought?"
    ),
    ("compile-stopped", "arguments", "metrics-by-position", "without-images", "without-labels"): N_(
        "Ask for the `help` of the method in a cell of your own. Which arguments does it know, in which order, and"
        " how are they spelt? Compare with your line, argument by argument."
    ),
    ("keras-2",): N_(
        "Search the documentation of Keras 3 for the last word of the name. The error often says what it has become."
    ),
    ("not-recorded", "training-unseen"): N_(
        "Restart the kernel and run all cells from top to bottom. Is the line reached, or does an `if`, a function"
        " that nobody calls, or an earlier error stand in the way?"
    ),
    ("answer-wrong",): N_(
        "Find the paragraph of the lab that the question is about. Where it can be tried out, try it out in a cell"
        " of your own before you answer again."
    ),
    (
        "images-shape",
        "images-type",
        "images-range",
        "images-changed",
        "fed-otherwise",
        "function-shape",
        "function-type",
        "function-no-numbers",
        "not-one-hot",
        "misplaced-ones",
    ): N_(
        "Print the shape, the type, the smallest and the largest value of the array, before and after the line in "
        "question. Which of the four is not as the lab says, and which line was meant to change it?"
    ),
    ("no-convolution", "other-layer", "other-depth", "not-rebuilt", "new-weights-behind"): N_(
        "Call `summary()` of your network and lay it beside the lab's text. Go down both until they differ for the"
        " first time: is it the kind of layer, or a size? Activations are not shown there; compare those in your "
        "code. Change only one thing, and grade again; the rest often follows."
    ),
    ("number-of-outputs",): N_(
        "Call `summary()` of your network: the last row says how many numbers come out for each image. How many "
        "classes are there, and where in your code does that number stand?"
    ),
    ("no-probabilities", "no-wrapped-softmax", "softmax-over-images"): N_(
        "Predict a single image, and print the row of numbers and its sum. Do they lie between 0 and 1, and do "
        "they add up to 1? Some activations look at each output alone, others at all of them together: which kind "
        "is needed here?"
    ),
    (
        "unknown-loss",
        "labels-of-other-kind",
        "accuracy-of-other-labels",
        "no-loss",
        "wrong-loss",
        "wrong-loss-one-hot",
        "loss-of-one-hot",
        "wrong-loss-logits",
        "no-logits",
        "logits-as-probabilities",
        "logits-or-probabilities",
        "from-logits-written",
    ): N_(
        "Answer two questions first. What is one label: a whole number, or a row of ten? What is one output of the"
        " network: probabilities, or any numbers? The documentation of each loss in Keras says for which pair it "
        "is made."
    ),
    ("no-accuracy", "other-metrics", "results-swapped"): N_(
        "Print what `evaluate` returns. How many numbers are there? An accuracy lies between 0 and 1 and grows as "
        "the network learns, a loss shrinks. Which number is which, and which name gets it?"
    ),
    ("does-not-learn", "loss-does-not-fall"): N_(
        "Look at the learning curves: a loss that jumps or grows speaks for steps that are too large, one that "
        "hardly moves for steps that are too small. Change the learning rate by a factor of ten, and nothing else "
        "at the same time."
    ),
    ("dropout-count", "dropout-place", "dropout-rate"): N_(
        "Write the layers of the lab's text under one another, each dropout layer with its rate, and your own "
        "beside them. At which line do the two lists differ for the first time?"
    ),
    (
        "no-validation",
        "other-validation",
        "validates-on-test-images",
        "no-curves",
        "one-epoch",
        "no-validation-curve",
    ): N_(
        "Print the keys of the `history` that `fit` returns, and the length of each list. With validation there is"
        " a second curve for each, whose name begins with `val_`. What has to be given to `fit` so that it "
        "appears?"
    ),
    (
        "function-count",
        "function-value",
        "function-values",
        "function-nothing",
        "loader-order",
        "loader-labels",
        "loader-stopped",
        "loader-images",
        "loader-scaled",
    ): N_(
        "Call the function in a cell of your own, with two or three numbers for which you know the result. Print "
        "each value on the way: at which step does it part from your own calculation?"
    ),
    ("few-images-shown", "title-says"): N_(
        "Run the cell alone and look at the figure: count the pictures, and read one title aloud. Is every value "
        "in it taken for this very picture, inside the loop?"
    ),
    (
        "saves-other-network",
        "saves-untrained",
        "not-loaded",
        "loaded-differs",
        "loaded-not-asked",
        "wraps-other-network",
    ): N_(
        "Follow the name of the network from line to line: where is it trained, where saved, where loaded? Let the"
        " saved and the loaded one answer for the same few images; the answers should be the same."
    ),
    (
        "not-batched",
        "endless-dataset",
        "dataset-split",
        "dataset-without-labels",
        "not-shuffled",
        "same-order",
        "shuffled-batches",
        "small-buffer",
    ): N_(
        "Print the `element_spec` of the dataset after each step that makes it. Say after each step what one "
        "element is: one image, or a batch of them? In which order do the steps have to come?"
    ),
    ("epochs-count", "epochs-one", "epoch-sums", "epoch-last-loss", "epoch-not-reset", "epoch-other-means"): N_(
        "Play computer on paper, with two epochs of three batches: what does each variable hold after each line? "
        "Compare what you wrote down with what the list should hold in the end."
    ),
    (
        "classes-length",
        "classes-single",
        "classes-are-probabilities",
        "answer-stopped",
        "indices-are-truths",
        "indices-single",
        "wrong-classes",
        "indices-swapped",
        "wrong-indices",
        "answer-is-array",
        "argmax-of-everything",
        "answer-is-probability",
        "wrong-digit",
    ): N_(
        "Print the shape of the predictions, and the first row with its ten numbers. Which axis counts images, "
        "which counts digits? Read the answer off that row by eye, then compare it with what your line gives."
    ),
    ("other-network", "predicts-with-other-network", "tape-of-other-network"): N_(
        "Follow the names: which variable holds which network, and where was it assigned last? A name keeps what "
        "the cell that ran last has put there. Then look at the name before the dot in the marked line."
    ),
    (
        "trains-on-test-images",
        "validates-on-training-images",
        "tape-on-test-images",
        "evaluates-training-images",
        "predicts-training-images",
        "labels-do-not-match",
        "labels-of-other-split",
        "few-images",
        "few-test-images",
        "gradient-unchecked",
    ): N_(
        "List the arrays of the lab: images and labels, for training and for testing, with the number of rows of "
        "each. Which of them should this line get, and which does it get? Images and labels of one set have the "
        "same number of rows."
    ),
    ("nothing-changed", "answers-not-learnt"): N_(
        "Print a few weights of the network before and after the training. If they are the same, nothing was "
        "learnt: which line should have changed them, and was it reached?"
    ),
    ("evaluates-before-training",): N_(
        "Put the cells in the order in which they run: build, compile, train, evaluate. Was the network built once"
        " more after its training? Then it starts from nothing."
    ),
    (
        "gradient-of-other-variables",
        "gradient-is-none",
        "gradient-of-outputs",
        "wrong-gradient",
        "opposite-gradient",
    ): N_(
        "Write the chain down: images, outputs, loss, gradient. Each comes from the one before, and the first "
        "three belong inside the tape's block. At which place does your code leave the chain?"
    ),
    ("not-applied", "uphill", "gradient-outside-loop", "rebuilt-each-step"): N_(
        "Print the loss at every step: it should fall. Then follow the gradients after they are computed: who gets"
        " them, and with which sign do they come to the weights?"
    ),
}

DEEPER: dict[str, str] = {defect: text for defects, text in _TEXTS.items() for defect in defects}
"""The text of each defect that has one."""
