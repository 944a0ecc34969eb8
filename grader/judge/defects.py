"""Every defect that is recognised: a name, what the student reads, and what to try.

One table, so that wording, translation and documentation have one source. Texts are templates; the names in braces are
filled in by the check. They name what was found and what is asked for, never the line that would be right. Translations
are taken when a text is filled in; whoever collects what is to be translated knows this table by the name `Defect`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """A recognised defect: `message` says what happened, `hint` what to try."""

    message: str
    hint: str


DEFECTS: dict[str, Defect] = {
    # Anything.
    "placeholder": Defect(
        "There is still {placeholder} in line {line}, so this part is not done yet.",
        "Replace it with code of your own. The text above the cell says what is needed.",
    ),
    "value-missing": Defect(
        "Nothing stands behind the `=` in line {line} yet, so this part is not done.",
        "Write code of your own there. The text above the cell says what is needed.",
    ),
    "nothing-written": Defect(
        "Nothing in your file belongs to “{part}”.",
        "Was a cell deleted? Take it from the lab's own file again and fill it in.",
    ),
    "cell-timed-out": Defect(
        "This code ran out of time and was stopped.",
        "Is there a loop that never ends? Training is shortened by the grader, so long training is no problem.",
    ),
    "cell-memory": Defect(
        "This code used more memory than is allowed.",
        "Does it make a very large array, or a list that grows for ever?",
    ),
    "cell-output": Defect(
        "This code printed far too much and was stopped.", "Is there a print in a loop that never ends?"
    ),
    "cell-disk": Defect(
        "This code wrote more files than is allowed.", "Is a file written again and again, under a new name each time?"
    ),
    "cell-crashed": Defect("Python itself ended in this code.", "Run the cell alone: which line ends the program?"),
    "cell-not-reached": Defect(
        "Your program was ended before it came to this cell.",
        "Look at the cell that took too long or printed too much; this one may be in order.",
    ),
    "cell-raised": Defect("This code stopped with {error}", "{advice}"),
    "keras-2": Defect(
        "`{name}` belongs to Keras 2; the Keras of this course no longer has it: {error}",
        "What you meant may have been right once. Look up how it is called in Keras 3.",
    ),
    "not-recorded": Defect("{what}", "Is this line reached when all cells run from top to bottom?"),
    # Questions.
    "answer-missing": Defect(
        "`{name}` has no answer yet.", "Assign your answer to it. The text above the cell says in which form."
    ),
    "answer-unreadable": Defect(
        "Your answer could not be read: `{name}` is {found}.", "Nothing is lost: write {form}, and grade again."
    ),
    "answer-wrong": Defect(
        "Your answer is not right: {answer}", "Read the question once more, and what stands above it in the lab."
    ),
    "answer-waiting": Defect(
        "A person will read your answer:\n{answer}",
        "Does it say all that the question asks? You can still change it, and grade again.",
    ),
    # The images.
    "images-shape": Defect(
        "The {split} images have the shape {found}; expected is {wanted} for each image.",
        "np.expand_dims, reshape and [..., np.newaxis] can all add an axis at the end.",
    ),
    "images-type": Defect(
        "The {split} images are of type {found}; expected are floating-point numbers from 0 to 1.",
        "Divide the pixels by their largest value, as a float.",
    ),
    "images-range": Defect(
        "The {split} images have values from {low:.3g} to {high:.3g}; expected are values from 0 to 1.",
        "The largest pixel value is 255. Divide by it, once.",
    ),
    "images-changed": Defect(
        "The {split} images are not the pictures of the data set any more: their pixels stand in other places, or have "
        "other values.",
        "Draw one of them with `imshow`, as 28 × 28. When an array is reshaped, one image has to stay one row.",
    ),
    # The networks.
    "no-convolution": Defect(
        "This network has no convolution in it.",
        "A convolutional network begins with Conv2D layers; the fully connected one is another part of the lab.",
    ),
    "number-of-outputs": Defect(
        "The network ends in {found} outputs; there are ten digits, so ten are expected.",
        "The number of units of the last layer is the number of classes.",
    ),
    "no-probabilities": Defect(
        "The outputs are no probabilities: for one image they add up to {total:.2f}, not to 1.",
        "Which activation turns ten numbers into probabilities that add up to one? It belongs in the last layer.",
    ),
    "softmax-over-images": Defect(
        "The softmax lets each digit add up to 1 over the images of a batch; the ten outputs for one image do not.",
        "A batch has a row for each image and a column for each digit. Along which axis does your softmax add up?",
    ),
    "no-outputs": Defect(
        "The outputs of this network could not be computed.", "Does the network take a batch of images?"
    ),
    "other-layer": Defect(
        "{what}",
        "Compare your layers with the lab's text, one by one. The report's table of layers shows the first difference.",
    ),
    "other-depth": Defect(
        "Your network has {found} layers; the lab asks for {wanted}.",
        "Compare your layers with the lab's text, one by one. The report's table of layers shows the first difference.",
    ),
    # Compile.
    "compile-stopped": Defect("`compile` stopped: {error}", "Check the names of the arguments and their spelling."),
    "optimizer-of-other-network": Defect(
        "The optimizer given here already belongs to another network, so the training stopped: {error}",
        "An optimizer keeps a memory of the weights that it moves. Make a new one for each network.",
    ),
    "unknown-loss": Defect(
        "Keras knows no loss called “{loss}”.",
        "Which loss of Keras takes whole numbers as labels? Check the spelling.",
    ),
    "no-loss": Defect("No loss is given, so there is nothing to learn from.", "Pass loss=… to compile."),
    "wrong-loss": Defect(
        "The loss “{loss}” is not the cross-entropy between these labels and the network's probabilities.",
        "The labels are whole numbers, the outputs are probabilities: which loss fits both, with its default settings?",
    ),
    "loss-of-one-hot": Defect(
        "The loss “{loss}” compares rows of ten numbers, one for each digit; the labels here are whole numbers.",
        "The labels are whole numbers, the outputs are probabilities: which loss fits both, with its default settings?",
    ),
    "other-metrics": Defect(
        "None of the metrics is the share of right answers: {found}.",
        "What does each of them compare? A probability hardly ever equals a label; the place of the largest one may.",
    ),
    "no-accuracy": Defect(
        "The accuracy is not among the metrics, so `evaluate` returns only the loss.",
        "`compile` is told what to measure beside the loss. Which of Keras' metrics counts right answers?",
    ),
    "metrics-by-position": Defect(
        "The third argument of `compile` was the metrics in Keras 2; now it is `loss_weights`, so no accuracy is "
        "measured.",
        "Which arguments does `compile` have? Give each of them by its name.",
    ),
    "does-not-learn": Defect(
        "After training, the {role} reads only {found:.0%} of new images correctly.",
        "A learning rate that is far too large or far too small keeps a network from learning. "
        "Try the one that the lab names, or Keras' default.",
    ),
    "wrong-loss-one-hot": Defect(
        "The loss “{loss}” is not the cross-entropy between one-hot labels and the network's probabilities.",
        "The labels are rows of ten numbers, the outputs are probabilities: which loss compares two such rows?",
    ),
    "wrong-loss-logits": Defect(
        "The loss “{loss}” takes the network's outputs for probabilities, but they are logits.",
        "The last layer has no activation. How is a loss told that the softmax is still to come?",
    ),
    "no-logits": Defect(
        "The last layer has the activation {found}; asked are logits, the numbers as they come.",
        "The softmax comes later in this lab: leave the activation of the last layer away.",
    ),
    "dropout-count": Defect(
        "The network has {found} dropout layers; the lab asks for {wanted}.",
        "Dropout is a layer of its own. After which layers does the lab's text put it?",
    ),
    "dropout-place": Defect(
        "A dropout layer stands in another place than in the lab's text.",
        "Dropout follows the layer, and its activation, whose outputs it drops.",
    ),
    "dropout-rate": Defect(
        "A dropout layer has the rate {found:g}; the lab asks for {wanted:g}.",
        "The rate is the share of outputs that are dropped, a number between 0 and 1.",
    ),
    "no-wrapped-softmax": Defect(
        "`{name}` does not give probabilities: its ten outputs for an image do not add up to 1.",
        "Which layer turns logits into probabilities? It belongs behind the trained network.",
    ),
    "wraps-other-network": Defect(
        "`{name}` is not made of the trained network.",
        "Put `{wanted}` itself, as it is after training, in front of the softmax.",
    ),
    "new-weights-behind": Defect(
        "Behind the trained network, `{name}` has a layer with weights of its own, which were never trained.",
        "A softmax only turns ten numbers into ten others, and needs no weights. Which layer of Keras does just that?",
    ),
    # The labels.
    "not-one-hot": Defect(
        "The {split} labels are not one-hot.",
        "Each label becomes a row of ten numbers: a 1 in the place of the digit, and 0 elsewhere. Keras has a function "
        "for that.",
    ),
    "misplaced-ones": Defect(
        "The {split} labels are rows of ten numbers, but the 1 does not stand in the place of the digit.",
        "The first column is that of the digit 0. Print a digit and its row side by side.",
    ),
    "labels-of-other-split": Defect(
        "The {split} labels are as many as the images of the other set: they were made from the labels of that one.",
        "Print the number of images and of labels, for training and for testing. Which labels stand on the right-hand "
        "side of this line?",
    ),
    # Watching a training.
    "no-validation": Defect(
        "No images are set aside for validation.",
        "`fit` can do it by itself: which of its arguments splits off a part of the training images?",
    ),
    "other-validation": Defect(
        "A share of {found:g} of the training images is set aside; the lab asks for {wanted:g}.",
        "The share is a number between 0 and 1.",
    ),
    "validates-on-test-images": Defect(
        "The test images are used for validation.",
        "Who looks at the test images while training has nothing left to test with. Split off training images.",
    ),
    "accuracy-of-other-labels": Defect(
        "The accuracy is measured as for labels of another kind than yours.",
        "Are your labels whole numbers or one-hot? Behind the plain word `accuracy`, Keras chooses what fits.",
    ),
    "validates-on-training-images": Defect(
        "The images for validation are among those that the network is trained with.",
        "Validation shows how it does on images that it has not learnt from: no image may be in both.",
    ),
    "one-epoch": Defect(
        "The training has one epoch only, so there is no course to look at.",
        "Train for as many epochs as the lab says.",
    ),
    "loss-does-not-fall": Defect(
        "The loss is no lower after the last epoch than after the first.",
        "Are the images scaled, and do the loss and the learning rate fit?",
    ),
    # Functions.
    "function-stopped": Defect(
        "`{name}` stopped on values that the grader chose: {error}",
        "A function works with its arguments only: does it use a name from outside, or count on one size of data?",
    ),
    "function-count": Defect(
        "`{name}` returns {found} values; expected are {wanted}.",
        "What stands after `return`, and is it there in every case?",
    ),
    "function-nothing": Defect(
        "`{name}` returns nothing.", "`print` shows a value, `return` gives it to whoever called the function."
    ),
    "function-no-numbers": Defect("{which} is of type {found}; expected are numbers.", "Return the array itself."),
    "function-shape": Defect(
        "{which} has the shape {found}; expected is {wanted}.",
        "Print the shape at the start and at the end of the function. Where does it change?",
    ),
    "function-type": Defect(
        "`{name}` returns numbers of type {found}; expected is {wanted}.", "`astype` changes the type of an array."
    ),
    "function-value": Defect(
        "{which} is another number than expected, for values that the grader chose.",
        "Work out a small example by hand, and compare each step.",
    ),
    "function-values": Defect(
        "{which}: {share:.0%} of the numbers are not what is expected; they are from {low:.4g} to {high:.4g}.",
        "Work out a small example by hand, and compare each step.",
    ),
    "loader-stopped": Defect(
        "`{name}` stopped: {error}", "Run it alone, and print the shapes in front of the line that stops."
    ),
    "loader-order": Defect(
        "`{name}` does not return training images, their labels, test images and their labels, in this order.",
        "Look at the order of the names after `return`.",
    ),
    "loader-images": Defect(
        "`{name}` changes the images: what it returns are not the pictures of the data set any more.",
        "Draw one of them. A new axis is added without moving a pixel.",
    ),
    "loader-scaled": Defect(
        "`{name}` scales the pixels, which are then scaled once more.",
        "Each function does one thing. Which of them does the lab's text ask to scale?",
    ),
    "loader-labels": Defect(
        "The {split} labels do not belong to the {split} images.", "Return the labels in the order in which they came."
    ),
    # Figures.
    "few-images-shown": Defect(
        "The figure shows {found} of the {split} images of the lab; {wanted} are asked for.",
        "`plt.subplot` makes one place in a grid of pictures, `plt.imshow` draws into it; both belong into the loop.",
    ),
    "title-says": Defect(
        "A title should say {wanted}. One that does not: “{found}”, above an image of a {label}.",
        "Each picture has a title of its own, made from the values for this very image.",
    ),
    "no-curves": Defect(
        "The figure does not show how the training went: one curve for training and one for validation, with a point "
        "for each epoch.",
        "What `fit` returns has a `history`: a dictionary with a list for each curve. Plot both into one picture.",
    ),
    "no-validation-curve": Defect(
        "There is no curve for images that the network was not trained with: `fit` was not given any to measure.",
        "Which argument of `fit` measures the network on other images after each epoch?",
    ),
    # Saving.
    "saves-other-network": Defect(
        "Another network is written to the file; asked is `{wanted}`.", "Call `save` of the trained network."
    ),
    "saves-untrained": Defect("The network is saved before it is trained.", "Save it after `fit`."),
    "not-loaded": Defect(
        "The network was saved, but it is not read from the file again.", "Which function of Keras loads a model?"
    ),
    "loaded-differs": Defect(
        "The network that is loaded is not the trained one.",
        "Save the network after its training, and load that very file.",
    ),
    "loaded-not-asked": Defect(
        "The loaded network is not asked about the test images.",
        "Let both networks predict the test images, and compare the answers.",
    ),
    # Datasets and loops.
    "not-batched": Defect(
        "`{name}` gives single images, not batches.", "A dataset has a method that puts elements together."
    ),
    "dataset-without-labels": Defect(
        "`{name}` gives images without their labels.",
        "A dataset can hand out an image and its label together: it has to be made of both.",
    ),
    "dataset-split": Defect("`{name}` is not made of the {wanted} images.", "Check the names in `from_tensor_slices`."),
    "endless-dataset": Defect(
        "`{name}` repeats for ever, so the loop over its batches never ends.",
        "An epoch is over when each image was seen once. Which step of the dataset makes it begin again by itself?",
    ),
    "not-shuffled": Defect(
        "`{name}` is not shuffled.", "Without shuffling, each epoch sees the same images in the same order."
    ),
    "same-order": Defect(
        "`{name}` is shuffled once, so each epoch sees the same images in the same order.",
        "In which order are the steps of the dataset made, and what does each of them do when the next epoch begins?",
    ),
    "shuffled-batches": Defect(
        "`{name}` is shuffled after it was cut into batches, so the same images stay together.",
        "Exchange the two steps.",
    ),
    "small-buffer": Defect(
        "`{name}` is shuffled with a buffer of {found} images, which is hardly at all.",
        "The buffer is the number of images among which the next one is chosen. The larger, the better.",
    ),
    "epochs-count": Defect(
        "`{name}` holds {found} numbers, which is not one for each epoch of the loop.",
        "Append once per epoch, after the loop over the batches.",
    ),
    "epochs-one": Defect(
        "`{name}` holds one number only; asked is one for each epoch.",
        "Which of the losses belong to one epoch? Take the mean of those, and do so for each epoch.",
    ),
    "epoch-sums": Defect(
        "`{name}` holds the sum of the losses of each epoch, not their mean.",
        "Divide by the number of batches: a dataset knows its length.",
    ),
    "epoch-last-loss": Defect(
        "`{name}` holds the loss of the last batch of each epoch, not the mean of all.",
        "Add up the losses of all batches of an epoch, then divide.",
    ),
    "epoch-not-reset": Defect(
        "The losses of earlier epochs are counted again: the sum, or the metric, is not set back at the beginning of "
        "each epoch.",
        "Where does the sum, or the metric, begin anew: before the loop over the epochs, or inside?",
    ),
    "epoch-other-means": Defect(
        "`{name}` does not hold the mean loss of each epoch.",
        "Add up the losses of all batches of an epoch, and divide by the number of batches.",
    ),
    "logits-as-probabilities": Defect(
        "The loss takes the network's outputs for probabilities, but they are logits.",
        "The last layer has no activation. How is the loss told that the softmax is still to come?",
    ),
    # Answers for all images.
    "classes-length": Defect(
        "`{name}` holds {found} values; expected is one class for each test image.",
        "Predictions have a row for each image and a column for each digit: along which axis is the largest value?",
    ),
    "classes-single": Defect(
        "`{name}` holds a single number; expected is one class for each test image.",
        "Predictions have a row for each image and a column for each digit: along which axis is the largest value?",
    ),
    "classes-are-probabilities": Defect(
        "`{name}` holds probabilities, not digits.",
        "You found the largest value of each row; asked is its position, which is the digit.",
    ),
    "answer-stopped": Defect(
        "The expression stopped with {error}",
        "Print the shape of each value in it. For every image there is one predicted class and one true digit.",
    ),
    "wrong-classes": Defect(
        "On predictions that the grader chose, `{name}` does not hold the likeliest digit of each image.",
        "In which column is the largest value of each row?",
    ),
    "indices-swapped": Defect(
        "`{name}` holds the other images: asked are those that are predicted {wanted}.", "Equal, or not equal?"
    ),
    "indices-are-truths": Defect(
        "`{name}` says for each image whether it is predicted {wanted}; asked are the numbers of those images.",
        "At which positions is it true? NumPy has functions that find them.",
    ),
    "indices-single": Defect(
        "`{name}` holds a single number; asked are the numbers of all images that are predicted {wanted}.",
        "How many there are can be counted later. Which ones are they?",
    ),
    "wrong-indices": Defect(
        "On predictions that the grader chose, `{name}` does not hold the numbers of the images that are predicted "
        "{wanted}.",
        "Compare the predicted classes with the true ones, as whole numbers, and take the places where it holds.",
    ),
    # Fit and evaluate.
    "other-network": Defect(
        "This line {doing} `{mine}`, the {other}; the {role} is `{wanted}`.",
        "Call `{method}` on the {role}.",
    ),
    "without-images": Defect(
        "`{method}` was not given any images. {error}", "`{method}` needs the images first and their labels second."
    ),
    "arguments": Defect("`{method}` stopped: {error}", "Check the names of the arguments."),
    "trains-on-test-images": Defect(
        "The network is trained on the test images.",
        "What a network has seen in training says nothing about new images. Train on the training images.",
    ),
    "without-labels": Defect(
        "`{method}` was given images, but no labels.",
        "The images come first. What belongs to them comes second: the right answers.",
    ),
    "labels-do-not-match": Defect(
        "The labels do not belong to these images.",
        "Pass the images and the labels of the same set, in the same order.",
    ),
    "labels-of-other-kind": Defect(
        "`{method}` is given {found} as labels; the network is compiled for {wanted}.",
        "There are two kinds of labels in this lab. Which of them does the loss compare?",
    ),
    "answers-not-learnt": Defect(
        "The {role} has layers of its own making; after training it reads only {found:.0%} of new images correctly.",
        "What such a network does is known by its answers only. Does it learn from the images that `fit` is given?",
    ),
    "not-rebuilt": Defect(
        "This network could not be built again and checked: {problem}.",
        "Which layers does the lab's text name? Each of them is in `tf.keras.layers`, ready to use.",
    ),
    "training-unseen": Defect(
        "No trained network could be looked at after this training.",
        "Train the network that you built, with Keras' own `fit`.",
    ),
    "nothing-changed": Defect(
        "The training changed no weight of the network.",
        "Is a training step, an optimizer, or a layer of your own in the way? Keras' `fit` does the whole training.",
    ),
    "fit-stopped": Defect(
        "The training stopped: {error}",
        "The network, the loss and the images are in order: what else is given to `fit`, or done in it?",
    ),
    "trained-elsewhere": Defect(
        "This network knew the digits before its training began, by other labels than those of this run.",
        "Weights that were made somewhere else do not count: build the network anew, and train it here.",
    ),
    "history-made-up": Defect(
        "The training reports an accuracy of {claimed:.0%}, but it changed no weight, and the network reads "
        "{found:.0%} of new images correctly.",
        "Let Keras compute the results of the training: does a step of your own only return numbers?",
    ),
    "fed-otherwise": Defect(
        "`{what}` gets images with values from {low:.3g} to {high:.3g}, although there are some that were scaled to "
        "numbers from 0 to 1.",
        "Under which name are the scaled images kept, and from which line on? A function gives back its results; what "
        "it was given stays as it was. Each pixel is divided once.",
    ),
    "few-images": Defect(
        "The network is trained on {found} images only.",
        "Use all the training images; the grader shortens the training by itself.",
    ),
    "few-test-images": Defect(
        "The network is evaluated on so few test images that it says little: {found}.",
        "How well does it do on all the test images?",
    ),
    "evaluates-training-images": Defect(
        "The network is evaluated on images that it was trained with.",
        "Only new images show how well it generalises: evaluate it on the test images.",
    ),
    "results-swapped": Defect(
        "The results of `evaluate` are unpacked in the wrong order: what is called accuracy here is the loss.",
        "`evaluate` returns the loss first, then the metrics in the order of compile.",
    ),
    "evaluates-before-training": Defect(
        "The {role} that is evaluated here has not been trained yet.",
        "Evaluate the network that was trained, after `fit`, so that the result says what it has learnt.",
    ),
    # The prediction.
    "predicts-training-images": Defect("The predictions are made for training images.", "Predict the test images."),
    "predicts-with-other-network": Defect(
        "The predictions come from `{mine}`; the {role} is `{wanted}`.", "Call `predict` on the {role}."
    ),
    "expression-stopped": Defect(
        "The expression stopped with {error}", "Index 0 is the first image; its row has ten values."
    ),
    "answer-is-array": Defect(
        "`{name}` holds {found} values; expected is one digit.",
        "A prediction is a row of ten probabilities. At which position is the largest of them?",
    ),
    "argmax-of-everything": Defect(
        "The largest value is looked for in the predictions of all images at once.",
        "Take the predictions of the first image only, then find the position of the largest one.",
    ),
    "answer-is-probability": Defect(
        "`{name}` is a probability, not a digit.",
        "You found the largest value; asked is its position, which is the digit.",
    ),
    "wrong-digit": Defect(
        "On predictions that the grader chose, `{name}` is not the likeliest digit of the first image.",
        "Find the position of the largest of the ten values in the first row of the predictions themselves.",
    ),
    # The hand-written step.
    "gradient-of-other-variables": Defect(
        "The gradient is not taken with respect to the variables of a network that ran.",
        "Ask for the gradient with respect to all trainable variables of the network.",
    ),
    "tape-of-other-network": Defect(
        "The loop trains `{mine}`, the {other}; asked is a step for the {role}.",
        "Run the {role} inside the tape, and take the gradient with respect to its variables.",
    ),
    "tape-on-test-images": Defect(
        "The loop trains on the test images.", "Use the training images; the test images are for the evaluation."
    ),
    "gradient-is-none": Defect(
        "The gradient with respect to the network's variables is None: the loss does not depend on them.",
        "Two things have to happen inside the `with tf.GradientTape()` block: the network runs, and the loss is made "
        "of its outputs. The tape does not see what `predict` or NumPy do.",
    ),
    "gradient-unchecked": Defect(
        "The gradient could not be checked against training images and their labels.",
        "Take images and labels of the same batch from the training data.",
    ),
    "gradient-of-outputs": Defect(
        "The gradient is taken of the network's outputs, not of the loss.",
        "What should become small is the loss: ask the tape for its gradient.",
    ),
    "wrong-gradient": Defect(
        "The gradient points elsewhere than that of the cross-entropy (their cosine is {found:.2f}, expected is 1).",
        "Is the loss made of the labels of this batch and the outputs for its images, by the sparse categorical "
        "cross-entropy, and is the gradient taken with respect to all trainable variables?",
    ),
    "opposite-gradient": Defect(
        "The gradient points exactly the other way: it is that of the cross-entropy with its sign turned.",
        "Which sign has the logarithm of a probability, and which one should a loss have?",
    ),
    "logits-or-probabilities": Defect(
        "The loss is not the cross-entropy of the network's probabilities: its gradient is {found:.2g} times as large "
        "as it should be.",
        "The network's last activation gives probabilities already. What does from_logits mean?",
    ),
    "from-logits-written": Defect(
        "The loss is told to expect logits, but the network ends in a softmax: its outputs are probabilities.",
        "What does from_logits say about the outputs of the network, and what does its last layer put out?",
    ),
    "not-applied": Defect(
        "The gradient is computed, but the weights of the network stay as they are.",
        "The optimizer's apply_gradients takes pairs of gradient and variable.",
    ),
    "rebuilt-each-step": Defect(
        "A new network is built at every step of the loop, so what it has learnt is lost again.",
        "Which lines belong to each batch, and which are needed only once, above the loop?",
    ),
    "gradient-outside-loop": Defect(
        "{tapes} batches ran inside a tape, but only {found} of them gave a gradient: the others change nothing.",
        "The gradient and the update belong to each batch. Are these lines indented as deep as the line with `with`?",
    ),
    "uphill": Defect(
        "The weights are moved uphill: the loss grows with every step.",
        "Hand the gradients to the optimizer as they are; it subtracts them by itself.",
    ),
}
