"""Notebooks of the published course lab as they are handed in: one for each thing that was seen in life.

Each fixture is the whole notebook with some cells written otherwise; its name says which trait of real submissions it
stands for, and its promise says which parts lose points, which are blank, and which defect is named. As files:
`python tests/course.py FOLDER`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import labs

LAB = labs.find("mit_6s191_lab2")

Cells = dict[str, str]

RIGHT: Cells = {
    "setup": """
!pip install comet_ml > /dev/null 2>&1
import comet_ml
COMET_API_KEY = "h4rdc0d3dk3y0fs0m3b0dyxyz"
%tensorflow_version 2.x
import tensorflow as tf
!pip install mitdeeplearning --quiet
import mitdeeplearning as mdl
import matplotlib.pyplot as plt
import numpy as np
import random
from tqdm import tqdm
assert len(tf.config.list_physical_devices('GPU')) > 0
assert COMET_API_KEY != "", "Please insert your key"
""",
    "comet": """
comet_ml.init(project_name="6.s191lab2_part1_NN")
comet_model_1 = comet_ml.Experiment()
""",
    "data": """
mnist = tf.keras.datasets.mnist
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
train_images = (np.expand_dims(train_images, axis=-1)/255.).astype(np.float32)
train_labels = (train_labels).astype(np.int64)
test_images = (np.expand_dims(test_images, axis=-1)/255.).astype(np.float32)
test_labels = (test_labels).astype(np.int64)
""",
    "look": """
plt.figure(figsize=(10,10))
random_inds = np.random.choice(len(train_images), 9)
for i in range(9):
    plt.subplot(3, 3, i+1)
    plt.imshow(np.squeeze(train_images[random_inds[i]]), cmap=plt.cm.binary)
    plt.xlabel(train_labels[random_inds[i]])
comet_model_1.log_figure(figure=plt)
""",
    "fc_build": """
def build_fc_model():
  fc_model = tf.keras.Sequential([
      # First define a Flatten layer
      tf.keras.layers.Flatten(),
      # '''TODO: Define the activation function.'''
      tf.keras.layers.Dense(128, activation='relu'),
      # '''TODO: Define the second Dense layer'''
      tf.keras.layers.Dense(10, activation='softmax'),
  ])
  return fc_model

model = build_fc_model()
""",
    "fc_compile": """
'''TODO: Experiment with different optimizers and learning rates.'''
model.compile(optimizer=tf.keras.optimizers.SGD(learning_rate=1e-1),
              loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])
""",
    "fc_fit": """
BATCH_SIZE = 64
EPOCHS = 5
model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)
comet_model_1.end()
""",
    "fc_evaluate": """
'''TODO: Use the evaluate method to test the model!'''
test_loss, test_acc = model.evaluate(test_images, test_labels) # TODO
print('Test accuracy:', test_acc)
""",
    "cnn_build": """
def build_cnn_model():
    cnn_model = tf.keras.Sequential([
        # TODO: Define the first convolutional layer
        tf.keras.layers.Conv2D(filters=24, kernel_size=(3,3), activation=tf.nn.relu),
        # TODO: Define the first max pooling layer
        tf.keras.layers.MaxPool2D(pool_size=(2,2)),
        # TODO: Define the second convolutional layer
        tf.keras.layers.Conv2D(filters=36, kernel_size=(3,3), activation=tf.nn.relu),
        # TODO: Define the second max pooling layer
        tf.keras.layers.MaxPool2D(pool_size=(2,2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation=tf.nn.relu),
        # TODO: Define the last Dense layer
        tf.keras.layers.Dense(10, activation=tf.nn.softmax)
    ])
    return cnn_model

cnn_model = build_cnn_model()
cnn_model.predict(train_images[[0]])
print(cnn_model.summary())
""",
    "cnn_compile": """
'''TODO: Define the compile operation with your optimizer and learning rate of choice'''
cnn_model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=1e-3),
                  loss='sparse_categorical_crossentropy', metrics=['accuracy']) # TODO
""",
    "cnn_fit": """
'''TODO: Use model.fit to train the CNN model.'''
cnn_model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)
""",
    "cnn_evaluate": """
'''TODO: Use the evaluate method to test the model!'''
test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)
print('Test accuracy:', test_acc)
""",
    "predict": """
predictions = cnn_model.predict(test_images)
predictions[0]
""",
    "prediction": """
'''TODO: identify the digit with the highest confidence prediction for the first image in the test dataset. '''
prediction = np.argmax(predictions[0]) # TODO
print(prediction)
""",
    "label": """
print("Label of this digit is:", test_labels[0])
plt.imshow(test_images[0,:,:,0], cmap=plt.cm.binary)
""",
    "slider": """
#@title Change the slider to look at the model's predictions! { run: "auto" }
image_index = 79 #@param {type:"slider", min:0, max:100, step:1}
plt.subplot(1,2,1)
mdl.lab2.plot_image_prediction(image_index, predictions, test_labels, test_images)
plt.subplot(1,2,2)
mdl.lab2.plot_value_prediction(image_index, predictions,  test_labels)
""",
    "tape": """
cnn_model = build_cnn_model()
batch_size = 12
loss_history = mdl.util.LossHistory(smoothing_factor=0.95)
plotter = mdl.util.PeriodicPlotter(sec=2, xlabel='Iterations', ylabel='Loss', scale='semilogy')
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
if hasattr(tqdm, '_instances'): tqdm._instances.clear()
for idx in tqdm(range(0, train_images.shape[0], batch_size)):
  (images, labels) = (train_images[idx:idx+batch_size], train_labels[idx:idx+batch_size])
  images = tf.convert_to_tensor(images, dtype=tf.float32)
  with tf.GradientTape() as tape:
    #'''TODO: feed the images into the model and obtain the predictions'''
    logits = cnn_model(images)
    #'''TODO: compute the categorical cross entropy loss
    loss_value = tf.keras.backend.sparse_categorical_crossentropy(labels, logits)
  loss_history.append(loss_value.numpy().mean())
  plotter.plot(loss_history.get())
  '''TODO: Use the tape to compute the gradient against all parameters in the CNN model.'''
  grads = tape.gradient(loss_value, cnn_model.trainable_variables)
  optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))
""",
}

BLANK: Cells = {
    "fc_build": """
def build_fc_model():
  fc_model = tf.keras.Sequential([
      tf.keras.layers.Flatten(),
      # '''TODO: Define the activation function.'''
      tf.keras.layers.Dense(128, activation= '''TODO'''),
      # '''TODO: Define the second Dense layer'''
      '''TODO: Dense layer to output classification probabilities'''
  ])
  return fc_model

model = build_fc_model()
""",
    "fc_evaluate": """
'''TODO: Use the evaluate method to test the model!'''
test_loss, test_acc = # TODO

print('Test accuracy:', test_acc)
""",
    "cnn_build": """
def build_cnn_model():
    cnn_model = tf.keras.Sequential([
        # TODO: Define the first convolutional layer
        tf.keras.layers.Conv2D('''TODO'''),
        # TODO: Define the first max pooling layer
        tf.keras.layers.MaxPool2D('''TODO'''),
        # TODO: Define the second convolutional layer
        tf.keras.layers.Conv2D('''TODO'''),
        # TODO: Define the second max pooling layer
        tf.keras.layers.MaxPool2D('''TODO'''),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation=tf.nn.relu),
        # TODO: Define the last Dense layer
        '''TODO: Dense layer to output classification probabilities'''
    ])
    return cnn_model

cnn_model = build_cnn_model()
cnn_model.predict(train_images[[0]])
print(cnn_model.summary())
""",
    "cnn_compile": """
'''TODO: Define the compile operation with your optimizer and learning rate of choice'''
cnn_model.compile(optimizer='''TODO''', loss='''TODO''', metrics=['accuracy']) # TODO
""",
    "cnn_fit": """
'''TODO: Use model.fit to train the CNN model.'''
cnn_model.fit('''TODO''')
""",
    "cnn_evaluate": """
'''TODO: Use the evaluate method to test the model!'''
test_loss, test_acc = # TODO
print('Test accuracy:', test_acc)
""",
    "prediction": """
'''TODO: identify the digit with the highest confidence prediction for the first image in the test dataset. '''
prediction = # TODO

print(prediction)
""",
    "tape": RIGHT["tape"]
    .replace("logits = cnn_model(images)", "logits = # TODO")
    .replace("crossentropy(labels, logits)", "crossentropy('''TODO''', '''TODO''') # TODO")
    .replace("grads = tape.gradient(loss_value, cnn_model.trainable_variables)", "grads = # TODO"),
}

ALL_PARTS = frozenset(part.id for part in LAB.parts)

Dress = Callable[[list[str]], bytes]


def notebook(sources: list[str]) -> bytes:
    """Return a notebook of code cells with a little text between them."""
    cells: list[dict[str, object]] = []
    for number, source in enumerate(sources):
        cells.append({"cell_type": "markdown", "metadata": {}, "source": [f"### Step {number}\n"]})
        lines = source.strip("\n").splitlines(keepends=True)
        cells.append({"cell_type": "code", "execution_count": number, "metadata": {}, "outputs": [], "source": lines})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 0}).encode()


@dataclass(frozen=True, kw_only=True)
class Fixture:
    """One notebook and what it deserves: parts that lose points, parts that are blank, and the defect that is named."""

    name: str
    cells: Mapping[str, str]
    loses: frozenset[str] = frozenset()
    blank: frozenset[str] = frozenset()
    shows: str = ""
    dress: Dress = field(default=notebook, repr=False)
    needs_training: bool = False

    def write(self, folder: Path) -> Path:
        """Write the notebook and return its path."""
        path = folder / f"{self.name}.ipynb"
        path.write_bytes(self.dress([source for source in self.cells.values() if source]))
        return path


FIXTURES: list[Fixture] = []


def right(name: str, dress: Dress = notebook, **cells: str) -> None:
    """Add a notebook that deserves everything."""
    FIXTURES.append(Fixture(name=name, cells={**RIGHT, **cells}, dress=dress))


def wrong(name: str, loses: str, shows: str = "", *, needs_training: bool = False, **cells: str) -> None:
    """Add a notebook that loses points in some parts, named with spaces between, and only there."""
    lost = frozenset(loses.split())
    merged = {**RIGHT, **cells}
    FIXTURES.append(Fixture(name=name, cells=merged, loses=lost, shows=shows, needs_training=needs_training))


def blank(
    name: str, parts: str, loses: str = "", dress: Dress = notebook, *, shows: str = "placeholder", **cells: str
) -> None:
    """Add a notebook of which some parts are blank; the cells of these are as the course hands them out."""
    wanted = frozenset(parts.split())
    handed_out = {("tape" if part == "gradient_tape" else part) for part in wanted} & BLANK.keys()
    merged = {**RIGHT, **{name: BLANK[name] for name in handed_out}, **cells}
    lost = frozenset(loses.split()) | wanted
    FIXTURES.append(Fixture(name=name, cells=merged, blank=wanted, loses=lost, shows=shows, dress=dress))


def swap(cell: str, old: str, new: str) -> str:
    """Return a right cell with something written otherwise."""
    if old not in RIGHT[cell]:
        raise ValueError(f"{old!r} is not in the cell {cell!r}")
    return RIGHT[cell].replace(old, new)


FC_OUTPUT, CNN_OUTPUT = "Dense(10, activation='softmax')", "Dense(10, activation=tf.nn.softmax)"
LOSS = "tf.keras.backend.sparse_categorical_crossentropy(labels, logits)"

# 1. Defects that accuracy does not show.

EVALUATES_FC = RIGHT["cnn_evaluate"].replace("cnn_model.", "model.")
wrong("cnn_evaluate_cell_evaluates_the_fc_net", "cnn_evaluate", "other-network", cnn_evaluate=EVALUATES_FC)
wrong(
    "fc_output_of_128_units",
    "fc_build",
    "number-of-outputs",
    fc_build=swap("fc_build", FC_OUTPUT, "Dense(128, activation='softmax')"),
)
wrong(
    "fc_output_of_one_unit",
    "fc_build",
    "number-of-outputs",
    fc_build=swap("fc_build", FC_OUTPUT, "Dense(1, activation='softmax')"),
)
wrong(
    "fc_sigmoid_outputs",
    "fc_build",
    "no-probabilities",
    fc_build=swap("fc_build", FC_OUTPUT, "Dense(10, activation='sigmoid')"),
)
wrong(
    "fc_relu_outputs",
    "fc_build",
    "no-probabilities",
    fc_build=swap("fc_build", FC_OUTPUT, "Dense(10, activation='relu')"),
)
wrong(
    "cnn_sigmoid_outputs",
    "cnn_build",
    "no-probabilities",
    cnn_build=swap("cnn_build", CNN_OUTPUT, "Dense(10, activation=tf.nn.sigmoid)"),
)
wrong(
    "cnn_without_activation_on_convolutions",
    "cnn_build",
    "other-layer",
    cnn_build=swap("cnn_build", "kernel_size=(3,3), activation=tf.nn.relu", "kernel_size=(3,3)"),
)
wrong("cnn_with_24_and_24_filters", "cnn_build", "other-layer", cnn_build=swap("cnn_build", "filters=36", "filters=24"))
wrong(
    "cnn_with_32_and_64_filters",
    "cnn_build",
    "other-layer",
    cnn_build=swap("cnn_build", "filters=36", "filters=64").replace("filters=24", "filters=32"),
)
wrong(
    "cnn_with_1_and_2_filters",
    "cnn_build",
    "other-layer",
    cnn_build=swap("cnn_build", "filters=36", "filters=2").replace("filters=24", "filters=1"),
)
wrong(
    "tape_from_logits_on_softmax_outputs",
    "gradient_tape",
    "logits-or-probabilities",
    tape=swap("tape", LOSS, LOSS[:-1] + ", from_logits=True)"),
)
wrong(
    "tape_from_logits_in_keras_losses",
    "gradient_tape",
    tape=swap("tape", LOSS, "tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)"),
)
wrong(
    "tape_sparse_softmax_cross_entropy_with_logits",
    "gradient_tape",
    tape=swap("tape", LOSS, "tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)"),
)
wrong(
    "cnn_trains_on_the_test_set",
    "cnn_fit",
    "trains-on-test-images",
    cnn_fit=swap("cnn_fit", "train_images, train_labels", "test_images, test_labels"),
)
wrong(
    "cnn_evaluates_on_the_training_set",
    "cnn_evaluate",
    "evaluates-training-images",
    cnn_evaluate=swap("cnn_evaluate", "test_images, test_labels", "train_images, train_labels"),
)
wrong(
    "fc_evaluates_on_the_training_set",
    "fc_evaluate",
    "evaluates-training-images",
    fc_evaluate=swap("fc_evaluate", "test_images, test_labels", "train_images, train_labels"),
)
wrong(
    "fc_trains_on_the_test_set",
    "fc_compile",
    "trains-on-test-images",
    fc_fit=swap("fc_fit", "train_images, train_labels", "test_images, test_labels"),
)
wrong(
    "prediction_argmax_of_the_whole_matrix",
    "prediction",
    "argmax-of-everything",
    prediction="prediction = np.argmax(predictions)\n",
)
wrong(
    "prediction_max_of_the_row", "prediction", "answer-is-probability", prediction="prediction = max(predictions[0])\n"
)
wrong("prediction_is_the_vector", "prediction", "answer-is-array", prediction="prediction = predictions[0]\n")
wrong("prediction_is_the_image", "prediction", prediction="prediction = test_images[0]\n")
wrong("prediction_is_the_label", "prediction", "wrong-digit", prediction="prediction = test_labels[0]\n")
wrong("prediction_typed_in", "prediction", "wrong-digit", prediction="prediction = 7\n")
wrong(
    "tape_gradient_of_the_logits",
    "gradient_tape",
    "gradient-of-outputs",
    tape=swap("tape", "tape.gradient(loss_value,", "tape.gradient(logits,"),
)
wrong(
    "tape_trains_the_fc_net",
    "gradient_tape",
    "tape-of-other-network",
    tape=RIGHT["tape"]
    .replace("cnn_model", "model")
    .replace("model = build_model()", "")
    .replace("model = build_cnn_model()", "", 1)
    .replace("build_model()", "build_fc_model()"),
)
wrong(
    "cnn_softmax_twice",
    "cnn_build",
    "other-depth",
    cnn_build=swap("cnn_build", CNN_OUTPUT, CNN_OUTPUT + ",\n        tf.keras.layers.Softmax()"),
)
right("predictions_rebound_by_a_later_cell", slider=RIGHT["slider"] + "predictions = model.predict(test_images)\n")
wrong(
    "predictions_of_the_fc_net",
    "prediction",
    "predicts-with-other-network",
    predict=swap("predict", "cnn_model", "model"),
)
wrong("cnn_fit_trains_the_fc_net", "cnn_fit", "other-network", cnn_fit=swap("cnn_fit", "cnn_model.fit", "model.fit"))
wrong(
    "cnn_compile_compiles_the_fc_net",
    "cnn_compile",
    "other-network",
    cnn_compile=swap("cnn_compile", "cnn_model.compile", "model.compile"),
)

# 2. Right work in unusual clothes.

right("as_handed_in")
for number, activation in enumerate(["tf.nn.relu", "tf.keras.activations.relu", "'tanh'", "'sigmoid'", "'selu'"]):
    right(f"fc_hidden_activation_{number}", fc_build=swap("fc_build", "activation='relu'", f"activation={activation}"))
right(
    "activations_positional",
    fc_build=swap("fc_build", "Dense(128, activation='relu')", "Dense(128, 'relu')").replace(
        FC_OUTPUT, "Dense(10, tf.nn.softmax)"
    ),
)
SHORT_CNN = """
def build_cnn_model():
    cnn_model = tf.keras.Sequential()
    cnn_model.add(Conv2D(24, 3, activation='relu', input_shape=(28, 28, 1)))
    cnn_model.add(MaxPool2D(2))
    cnn_model.add(Conv2D(FILTERS, [3, 3], activation='relu'))
    cnn_model.add(MaxPooling2D((2, 2), strides=2))
    cnn_model.add(Flatten())
    cnn_model.add(Dense(128, 'relu'))
    cnn_model.add(Dense(10, 'softmax'))
    return cnn_model

cnn_model = build_cnn_model()
cnn_model.summary()
"""
IMPORTS = "from tensorflow.keras.layers import *\nFILTERS = 36\n"
right("sequential_add_with_imported_names_and_a_global", comet=RIGHT["comet"] + IMPORTS, cnn_build=SHORT_CNN)
FUNCTIONAL = """
def build_cnn_model():
    inputs = tf.keras.Input(shape=(28, 28, 1))
    x = tf.keras.layers.Conv2D(24, (3, 3), activation='relu')(inputs)
    x = tf.keras.layers.MaxPooling2D()(x)
    x = tf.keras.layers.Conv2D(36, (3, 3), activation='relu')(x)
    x = tf.keras.layers.MaxPooling2D()(x)
    x = tf.keras.layers.Flatten()(x)
    x = tf.keras.layers.Dense(128, activation='relu')(x)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation='softmax')(x))

cnn_model = build_cnn_model()
"""
right("functional_network", cnn_build=FUNCTIONAL)
SUBCLASSED = """
class CNN(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv1 = tf.keras.layers.Conv2D(24, 3, activation='relu')
        self.pool = tf.keras.layers.MaxPool2D()
        self.conv2 = tf.keras.layers.Conv2D(36, 3, activation='relu')
        self.pool2 = tf.keras.layers.MaxPool2D()
        self.flat = tf.keras.layers.Flatten()
        self.hidden = tf.keras.layers.Dense(128, activation='relu')
        self.out = tf.keras.layers.Dense(10, activation='softmax')

    def call(self, x):
        x = self.pool2(self.conv2(self.pool(self.conv1(x))))
        return self.out(self.hidden(self.flat(x)))

def build_cnn_model():
    return CNN()

cnn_model = build_cnn_model()
cnn_model.predict(train_images[[0]])
"""
right("subclassed_network", cnn_build=SUBCLASSED)
for number, optimizer in enumerate(["'adam'", "opt", "tf.optimizers.Adam(1e-3)", "tf.keras.optimizers.RMSprop()"]):
    compiled = f"opt = tf.keras.optimizers.Nadam()\ncnn_model.compile({optimizer}, 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
    right(f"optimizer_{number}_positional", cnn_compile=compiled)
for number, loss in enumerate(
    ["tf.keras.losses.SparseCategoricalCrossentropy()", "tf.keras.losses.sparse_categorical_crossentropy", "loss_fn"]
):
    compiled = f"loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=False)\ncnn_model.compile(optimizer='adam', loss={loss}, metrics=['accuracy'])\n"
    right(f"loss_{number}", cnn_compile=compiled)
right(
    "fit_with_keywords_and_history",
    cnn_fit="history = cnn_model.fit(x=train_images, y=train_labels, validation_data=(test_images, test_labels), epochs=3, batch_size=128)\nplt.plot(history.history['accuracy'])\n",
)
right(
    "fit_positional",
    cnn_fit="cnn_model.fit(train_images, train_labels, 64, 20, callbacks=[tf.keras.callbacks.EarlyStopping(monitor='loss')])\n",
)
GENERATOR = """
def batches():
    while True:
        for start in range(0, len(train_images), 64):
            yield train_images[start:start+64], train_labels[start:start+64]

cnn_model.fit(batches(), steps_per_epoch=len(train_images) // 64, epochs=5)
"""
right("fit_from_a_generator", cnn_fit=GENERATOR)
SEQUENCE = """
augment = tf.keras.preprocessing.image.ImageDataGenerator(width_shift_range=0.0)
cnn_model.fit(augment.flow(train_images, train_labels, batch_size=64), epochs=5)
"""
right("fit_from_an_image_data_generator", cnn_fit=SEQUENCE)
DATASET = """
dataset = tf.data.Dataset.from_tensor_slices((train_images, train_labels)).shuffle(1000).batch(64)
cnn_model.fit(dataset, epochs=5)
"""
right("fit_from_a_dataset", cnn_fit=DATASET)
right(
    "evaluate_with_keywords",
    cnn_evaluate="test_loss, test_acc = cnn_model.evaluate(x=test_images, y=test_labels, batch_size=64, verbose=2)\n",
)
right(
    "evaluate_positional_batch_size",
    fc_evaluate="test_loss, test_acc = model.evaluate(test_images, test_labels, BATCH_SIZE)\n",
)
right(
    "two_evaluates_in_one_cell",
    cnn_evaluate="train_loss, train_acc = cnn_model.evaluate(train_images, train_labels)\ntest_loss, test_acc = cnn_model.evaluate(test_images, test_labels)\n",
)
ARGMAXES = [
    "np.argmax(predictions[0])", "predictions[0].argmax()", "np.where(predictions[0] == np.max(predictions[0]))[0][0]",
    "predictions[0].tolist().index(max(predictions[0]))", "tf.argmax(predictions[0])", "np.argmax(predictions, axis=1)[0]",
    "list(predictions[0]).index(predictions[0].max())", "tf.math.argmax(predictions[0]).numpy()", "predictions.argmax(-1)[0]",
    "np.argsort(predictions[0])[-1]", "int(np.argmax(predictions[0, :]))",
]  # fmt: skip
for number, expression in enumerate(ARGMAXES):
    right(f"argmax_{number}", prediction=f"prediction = {expression}\nprint(prediction)\n")
right("tape_with_call_method", tape=swap("tape", "cnn_model(images)", "cnn_model.call(images)"))
right("tape_with_training_true", tape=swap("tape", "cnn_model(images)", "cnn_model(images, training=True)"))
right(
    "tape_with_other_names_optimizer_and_batch_size",
    tape=RIGHT["tape"]
    .replace("logits", "probs")
    .replace("grads", "g")
    .replace("batch_size = 12", "batch_size = 100")
    .replace("SGD(learning_rate=1e-2)", "Adam()"),
)
EPOCHS = """
cnn_model = build_cnn_model()
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
small_images, small_labels = train_images[:600], train_labels[:600]
for epoch in range(3):
    for idx in range(0, len(small_images), 12):
        images, labels = small_images[idx:idx+12], small_labels[idx:idx+12]
        with tf.GradientTape() as tape:
            out = cnn_model(images)
            loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, out))
        optimizer.apply_gradients(zip(tape.gradient(loss, cnn_model.trainable_weights), cnn_model.trainable_weights))
    print(epoch, np.mean(np.argmax(cnn_model.predict(test_images[:100]), axis=1) == test_labels[:100]))
"""
right("tape_with_outer_epochs_shortened_data_and_evaluation", tape=EPOCHS)

# What else goes wrong, one for each defect that has a name.

NO_CONVOLUTION = """
def build_cnn_model():
    return tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10, activation='softmax')])

cnn_model = build_cnn_model()
"""
wrong("cnn_without_convolutions", "cnn_build", "no-convolution", cnn_build=NO_CONVOLUTION)
FIT = "cnn_model.fit(train_images, train_labels, epochs=5)\n"
wrong("fit_with_a_misspelt_argument", "cnn_fit", "arguments", cnn_fit=FIT.replace("epochs", "epoch"))
wrong("fit_without_images", "cnn_fit", "without-images", cnn_fit="cnn_model.fit(epochs=5)\n")
wrong("fit_without_labels", "cnn_fit", "without-labels", cnn_fit="cnn_model.fit(train_images, epochs=5)\n")
wrong(
    "fit_on_a_hundred_images",
    "cnn_fit",
    "few-images",
    cnn_fit=FIT.replace("images,", "images[:100],").replace("labels,", "labels[:100],"),
)
wrong("fit_with_reversed_labels", "cnn_fit", "labels-do-not-match", cnn_fit=FIT.replace("labels,", "labels[::-1],"))
wrong("fit_that_is_never_reached", "cnn_fit", "not-recorded", cnn_fit=f"if not cnn_model:\n    {FIT}")
wrong(
    "fit_below_an_endless_loop",
    "cnn_fit",
    "cell-timed-out",
    cnn_fit=f"while True:\n    if not cnn_model:\n        {FIT}",
)
wrong(
    "compile_with_a_misspelt_optimizer",
    "cnn_compile",
    "compile-stopped",
    cnn_compile=swap("cnn_compile", "tf.keras.optimizers.Adam(learning_rate=1e-3)", "'adamm'"),
)
wrong(
    "compile_without_accuracy",
    "cnn_compile",
    "no-accuracy",
    cnn_compile=swap("cnn_compile", ", metrics=['accuracy']", ""),
)
wrong(
    "compile_without_loss",
    "cnn_compile",
    "no-loss",
    cnn_compile="cnn_model.compile(optimizer='adam', metrics=['accuracy'])\n",
)
wrong(
    "compile_with_an_unknown_loss",
    "cnn_compile",
    "unknown-loss",
    cnn_compile=swap("cnn_compile", "sparse_categorical_crossentropy", "sparse_crossentropy"),
)
wrong(
    "compile_with_squared_errors",
    "cnn_compile",
    "wrong-loss",
    cnn_compile=swap("cnn_compile", "sparse_categorical_crossentropy", "mse"),
)
wrong(
    "compile_with_the_loss_of_one_hot_labels",
    "cnn_compile",
    "loss-of-one-hot",
    cnn_compile=swap("cnn_compile", "sparse_categorical_crossentropy", "categorical_crossentropy"),
)
wrong(
    "evaluates_before_training",
    "cnn_evaluate",
    "evaluates-before-training",
    cnn_fit=RIGHT["cnn_evaluate"],
    cnn_evaluate=RIGHT["cnn_fit"],
)
wrong(
    "evaluate_unpacked_in_the_wrong_order",
    "cnn_evaluate",
    "results-swapped",
    cnn_evaluate=swap("cnn_evaluate", "test_loss, test_acc", "test_acc, test_loss"),
)
wrong(
    "predicts_the_training_images",
    "prediction",
    "predicts-training-images",
    predict=swap("predict", "test_images", "train_images"),
)
wrong("prediction_misspelt", "prediction", "expression-stopped", prediction="prediction = predictions[0].argmaxx()\n")
NO_FLATTEN = SUBCLASSED.replace("self.out(self.hidden(self.flat(x)))", "tf.square(self.out(self.hidden(x)))").replace(
    "'softmax'", "'sigmoid'"
)
wrong("subclassed_without_flatten", "cnn_build", "no-outputs", cnn_build=NO_FLATTEN)
KERAS_SOFTMAX = swap("cnn_build", "activation=tf.nn.softmax", "activation='softmax'")
FROM_LOGITS = swap("tape", LOSS, "tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)")
wrong(
    "tape_from_logits_that_keras_takes_back",
    "gradient_tape",
    "from-logits-written",
    cnn_build=KERAS_SOFTMAX,
    tape=FROM_LOGITS,
)
OUTSIDE = swap("tape", "    logits = cnn_model(images)\n", "    pass\n").replace(
    "  with tf.", "  logits = cnn_model(images)\n  with tf."
)
wrong("tape_with_the_network_outside", "gradient_tape", "gradient-is-none", tape=OUTSIDE)
WITH_RESPECT = "cnn_model.trainable_variables)\n  optimizer"
OF_IMAGES = swap(
    "tape", "with tf.GradientTape() as tape:\n", "with tf.GradientTape() as tape:\n    tape.watch(images)\n"
).replace(WITH_RESPECT, "[images])\n  optimizer")
OF_OTHERS = swap("tape", "tape.gradient(loss_value, cnn_model.", "tape.gradient(loss_value, model.")
wrong("tape_gradient_with_respect_to_the_fc_net", "gradient_tape", "gradient-of-other-variables", tape=OF_OTHERS)
wrong("tape_gradient_with_respect_to_the_images", "gradient_tape", "gradient-of-other-variables", tape=OF_IMAGES)
NOISE_IMAGES = swap("tape", "tf.convert_to_tensor(images, dtype=tf.float32)", "tf.random.uniform((12, 28, 28, 1))")
wrong("tape_on_noise", "gradient_tape", "gradient-unchecked", tape=NOISE_IMAGES)
wrong(
    "tape_on_test_images",
    "gradient_tape",
    "tape-on-test-images",
    tape=RIGHT["tape"].replace("train_images[", "test_images[").replace("train_labels[", "test_labels["),
)
wrong(
    "tape_with_labels_in_another_order",
    "gradient_tape",
    "wrong-gradient",
    tape=swap("tape", "(labels, logits)", "(labels[::-1], logits)"),
)
APPLY = "optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))"
wrong("tape_without_update", "gradient_tape", "not-applied", tape=swap("tape", APPLY, "pass"))
wrong("tape_uphill", "gradient_tape", "uphill", tape=swap("tape", "zip(grads,", "zip([-g for g in grads],"))

# What a reviewer handed in who had never seen the checks.

INDENTED = "\n".join("  " + line for line in RIGHT["fc_evaluate"].strip().splitlines()) + "\n"
right("cell_indented_as_a_whole", fc_evaluate=INDENTED)
right("fit_behind_a_magic", cnn_fit="%time " + RIGHT["cnn_fit"].strip().splitlines()[-1] + "\n")
right("prediction_rebound_in_the_tape_loop", tape=RIGHT["tape"].replace("logits", "prediction"))
SEVERAL = "for i in range(5):\n    prediction = np.argmax(predictions[i])\n    print(prediction, test_labels[i])\n"
right("prediction_rebound_in_a_loop_over_further_images", label=SEVERAL)
right("prediction_only_printed", prediction="print(np.argmax(predictions[0]))\n")
IN_FUNCTION = """
def most_likely(preds):
    prediction = np.argmax(preds[0])
    return prediction
print(most_likely(predictions))
"""
right("prediction_printed_by_a_function", prediction=IN_FUNCTION)
right(
    "prediction_under_another_name", prediction="predicted_digit = np.argmax(predictions[0])\nprint(predicted_digit)\n"
)
BY_PANDAS = "import pandas as pd\nprediction = pd.Series(predictions[0]).idxmax()\nprint(prediction)\n"
BETWEEN_BRACES = "print(f'Digit {np.argmax(predictions[0])}, label {test_labels[0]}')\n"
right("prediction_printed_in_a_text", prediction=BETWEEN_BRACES)
right("prediction_found_by_pandas", prediction=BY_PANDAS)
FROM_LABELS = "labels = np.argmax(cnn_model.predict(test_images), axis=1)\nprediction = labels[0]\n"
right("prediction_from_labels_of_all_images", prediction=FROM_LABELS)
RENAMED = {
    name: RIGHT[name].replace("cnn_model", "my_cnn").replace("build_my_cnn", "build_cnn_model")
    for name in ("cnn_build", "cnn_compile", "cnn_fit", "cnn_evaluate", "predict")
}
FIXTURES.append(Fixture(name="cnn_renamed_but_not_in_the_tape_cell", cells={**RIGHT, **RENAMED}))
EAGER = swap("cnn_compile", "metrics=['accuracy']", "metrics=['accuracy'], run_eagerly=True")
right("compiled_to_run_eagerly", cnn_compile=EAGER)
TWELVE = """
for filters in range(20, 32):
    m = tf.keras.Sequential([tf.keras.layers.Conv2D(filters, 3, activation='relu'), tf.keras.layers.MaxPool2D(), tf.keras.layers.Flatten(), tf.keras.layers.Dense(10, activation='softmax')])
    m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])
    m.fit(train_images, train_labels, batch_size=64, epochs=5)
"""
right("twelve_convolutional_experiments_before_the_cnn", fc_evaluate=RIGHT["fc_evaluate"] + TWELVE)
GRID = """
for opt in [tf.keras.optimizers.SGD, tf.keras.optimizers.Adam, tf.keras.optimizers.RMSprop, tf.keras.optimizers.Adagrad]:
  for lr in [1e-1, 1e-2, 1e-3, 1e-4]:
    m = build_fc_model()
    m.compile(optimizer=opt(learning_rate=lr), loss='sparse_categorical_crossentropy', metrics=['accuracy'])
    m.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
"""
right("sixteen_experiments_before_the_cnn", fc_evaluate=RIGHT["fc_evaluate"] + GRID)
LEAVES = """
import sys
import tensorflow as tf
if not tf.config.list_physical_devices('GPU'):
    sys.exit('No GPU found, change the runtime type!')
"""
right("leaves_where_there_is_no_gpu", setup=LEAVES + RIGHT["setup"])
ON_BATCH = "predictions = cnn_model.predict_on_batch(test_images)\npredictions[0]\n"
right("predictions_on_batch", predict=ON_BATCH)
WRONG_FIRST = swap("tape", LOSS, LOSS[:-1] + ", from_logits=True)")
right("tape_tried_twice_the_second_right", label=WRONG_FIRST)
ON_DEVICE = "with tf.device('/GPU:0'):\n" + "\n".join("  " + line for line in RIGHT["tape"].strip().splitlines()) + "\n"
right("tape_on_a_device", tape=ON_DEVICE)
EPOCH_BY_EPOCH = f"for epoch in range(EPOCHS):\n    {FIT.replace('epochs=5', 'epochs=1')}"
right("fit_epoch_by_epoch", cnn_fit=EPOCH_BY_EPOCH)
UNCLOSED = swap(
    "tape", "sparse_categorical_crossentropy(labels, logits)", "sparse_categorical_crossentropy(labels, logits"
)
wrong("tape_with_a_bracket_that_is_never_closed", "gradient_tape", "cell-raised", tape=UNCLOSED)
METRICS = swap("cnn_compile", "['accuracy']", "'accuracy'")
wrong("keras_2_metrics_as_a_word", "cnn_compile", "keras-2", cnn_compile=METRICS)

# 3. Blank states.


def done_below(cell: str) -> Cells:
    """Return the right notebook with a cell left as it was handed out, and done in a new one below."""
    cells: Cells = {}
    for name, source in RIGHT.items():
        cells |= {name: BLANK[cell], f"{name}_again": source} if name == cell else {name: source}
    return cells


LEFT = ("cnn_evaluate", "cnn_compile", "prediction", "tape")
FIXTURES.extend(Fixture(name=f"{cell}_done_below_the_cell_that_was_left", cells=done_below(cell)) for cell in LEFT)
blank("untouched", " ".join(ALL_PARTS))
OUTPUT_LAYER = "'''TODO: Dense layer to output classification probabilities'''"

BARE_LIST = "[TODO Dense layer to output classification probabilities]"
OLD_FC, OLD_CNN = (BLANK[name].replace(OUTPUT_LAYER, BARE_LIST) for name in ("fc_build", "cnn_build"))
blank("untouched_with_lists_that_do_not_parse", " ".join(ALL_PARTS), fc_build=OLD_FC, cnn_build=OLD_CNN)
NO_COMMAS = BLANK["cnn_build"].replace("'),", "')")
blank("untouched_layer_list_without_commas", "cnn_build", "cnn_build", cnn_build=NO_COMMAS)
COMPILES_TODO = "cnn_model.compile(optimizer='sgd', loss='TODO', metrics=['accuracy'])\n"
blank("compile_with_the_word_as_loss", "cnn_compile", cnn_compile=COMPILES_TODO)
blank("only_the_tape_is_left", "gradient_tape")
HALF_TAPE = swap("tape", "grads = tape.gradient(loss_value, cnn_model.trainable_variables)", "grads = # TODO")
blank("tape_with_only_the_gradient_left", "gradient_tape", tape=HALF_TAPE)
blank("everything_from_the_cnn_on_is_left", "cnn_build cnn_compile cnn_fit cnn_evaluate prediction gradient_tape")
blank("fc_evaluate_is_left", "fc_evaluate")
blank("cnn_fit_and_evaluate_are_left", "cnn_fit cnn_evaluate")
WONDERS = "test_loss, test_acc = # ???\nprint('Test accuracy:', test_acc)\n"
blank("nothing_behind_the_equals_sign", "fc_evaluate", shows="value-missing", fc_evaluate=WONDERS)
NOTHING = "test_loss, test_acc = None, None\nprint('Test accuracy:', test_acc)\n"
blank("none_in_the_place_of_the_results", "cnn_evaluate", cnn_evaluate=NOTHING)
blank("cnn_fit_cell_holds_only_a_remark", "cnn_fit", shows="nothing-written", cnn_fit="# TODO\n")
blank(
    "last_cells_deleted",
    "prediction gradient_tape",
    shows="nothing-written",
    prediction="",
    label="",
    slider="",
    tape="",
)
FILLED_WITHOUT_COMMAS = RIGHT["cnn_build"].replace("tf.nn.relu),\n        # TODO", "tf.nn.relu)\n        # TODO")
wrong("filled_in_between_missing_commas", "cnn_build", "cell-raised", cnn_build=FILLED_WITHOUT_COMMAS)
MISSPELT = swap(
    "cnn_build",
    "filters=24, kernel_size=(3,3), activation=tf.nn.relu",
    "filters=24, kernel_size=(3,3), activation='rellu'",
)
wrong("network_that_raises_when_it_is_built", "cnn_build", "cell-raised", cnn_build=MISSPELT)
TOO_DEEP = swap(
    "cnn_build", "tf.keras.layers.Flatten(),", "tf.keras.layers.MaxPool2D((9, 9)),\n        tf.keras.layers.Flatten(),"
)
wrong("network_that_no_image_fits", "cnn_build", cnn_build=TOO_DEEP)
wrong("fc_network_that_does_not_parse", "fc_build", "cell-raised", fc_build=swap("fc_build", "Flatten(),", "Flatten()"))
SCRATCH = "<h1>My notes</h1>\n"
right("html_in_a_code_cell", look=SCRATCH)
right("scratch_cell_with_a_syntax_error", label="for for for\nprint(\n")
right("finished_with_todo_remarks_everywhere", predict="'''TODO: predict'''\n# TODO\n" + RIGHT["predict"])

# 4. Environment traps.

NOISE = """
%%capture
!nvcc --version
%pip install tensorflow==2.1
!pip uninstall -y tensorflow
!nvidia-smi --gpu-reset
gpus = !nvidia-smi -L
%load_ext tensorboard
"""
right("magics_and_shell_lines", comet=NOISE + RIGHT["comet"])
ASKS = """
import comet_ml, getpass
from google.colab import drive, files, userdata
drive.mount('/content/drive')
comet_ml.login()
key = input("Paste your key: ")
password = getpass.getpass()
assert key != "", "no key"
comet_model_1 = comet_ml.Experiment(api_key=userdata.get("COMET"))
"""
right("waits_for_input_and_mounts_a_drive", comet=ASKS)
right("restarts_the_runtime", comet=RIGHT["comet"] + "import os\nos.kill(os.getpid(), 9)\n")
right("packages_that_do_not_exist", comet="import no_such_package\nimport seaborn as sns\n" + RIGHT["comet"])
PLOTS = "plt.plot([1, 2], [1, 2, 3])\nplt.imshow(test_images)\n"
right("plots_that_fail_in_the_same_cell", cnn_fit=PLOTS + RIGHT["cnn_fit"], predict=PLOTS + RIGHT["predict"])
right("plot_model_without_pydot", cnn_compile="tf.keras.utils.plot_model(cnn_model)\n" + RIGHT["cnn_compile"])
right("weights_saved_without_a_path", cnn_fit=RIGHT["cnn_fit"] + "cnn_model.save_weights()\n")
LEGACY = swap("cnn_compile", "optimizers.Adam(", "optimizers.legacy.Adam(")
wrong("keras_2_legacy_optimizer", "cnn_compile", "keras-2", cnn_compile=LEGACY)
wrong("keras_2_lr", "cnn_compile", "keras-2", cnn_compile=swap("cnn_compile", "learning_rate=", "lr="))
PROCESSES = swap("cnn_fit", "epochs=EPOCHS", "epochs=EPOCHS, use_multiprocessing=True")
wrong("keras_2_use_multiprocessing", "cnn_fit", "keras-2", cnn_fit=PROCESSES)
MINIMIZE = swap("tape", "  grads = tape.gradient(loss_value, cnn_model.trainable_variables)\n", "").replace(
    APPLY, "optimizer.minimize(loss_value, cnn_model.trainable_variables, tape=tape)"
)
wrong("keras_2_minimize", "gradient_tape", "keras-2", tape=MINIMIZE)
right("fifty_epochs", cnn_fit=swap("cnn_fit", "epochs=EPOCHS", "epochs=50"))
right("fit_called_seven_times", cnn_fit=RIGHT["cnn_fit"] * 7)
OPTIMIZERS = """
for name in ['sgd', 'adam', 'rmsprop', 'adagrad', 'adamax', 'nadam']:
    trial = build_fc_model()
    trial.compile(optimizer=name, loss='sparse_categorical_crossentropy', metrics=['accuracy'])
    trial.fit(train_images, train_labels, epochs=2)
    print(name, trial.evaluate(test_images, test_labels))
"""
right("experiments_with_optimizers", fc_evaluate=OPTIMIZERS + RIGHT["fc_evaluate"])
BIG_BATCHES = RIGHT["tape"].replace("batch_size = 12", "batch_size = 10000")
right("tape_over_batches_of_ten_thousand", tape=BIG_BATCHES)
SUBPLOTS = """
plt.figure(figsize=(40, 40))
for i in range(800):
    plt.subplot(40, 20, i + 1)
    plt.imshow(test_images[i % 100, :, :, 0])
"""
right("eight_hundred_subplots", predict=SUBPLOTS + RIGHT["predict"])
ENDLESS = "while True:\n    pass\n"
right("endless_loop_in_a_cell_of_its_own", label=ENDLESS)
right("endless_loop_above_graded_code", predict=ENDLESS + RIGHT["predict"])
right("sleeps_for_an_hour", comet="import time\ntime.sleep(3600)\n" + RIGHT["comet"])
right("predicts_image_by_image", label="single = [cnn_model.predict(image[None]) for image in test_images]\n")

# 5. File format.


def one_cell(sources: list[str]) -> bytes:
    """Return everything in a single cell."""
    return notebook(["\n".join(sources)])


def squeezed(sources: list[str]) -> bytes:
    """Return few cells."""
    return notebook(["\n".join(sources[start : start + 6]) for start in range(0, len(sources), 6)])


def many_cells(sources: list[str]) -> bytes:
    """Return 26 code cells: empty ones and remarks between."""
    extra = ["# my own notes\n", "", "1 + 1\n"] * 4
    missing = 26 - len(sources)
    mixed = [cell for pair in zip(sources, extra[:missing], strict=False) for cell in pair]
    return notebook(mixed + sources[missing:])


def heavy(sources: list[str]) -> bytes:
    """Return a notebook of 2.6 MB: pictures in its saved outputs."""
    book = json.loads(notebook(sources))
    data = {"image/png": "iVBORw0KGgo" * 120_000, "text/plain": ["Test accuracy: 0.1"]}
    picture = {"output_type": "display_data", "metadata": {}, "data": data}
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    code[3]["outputs"] = code[12]["outputs"] = [picture]
    return json.dumps(book).encode()


def plain(sources: list[str]) -> bytes:
    """Return sources as single strings, no markdown, Windows line ends, an nbformat that fails validation."""
    cells = [{"cell_type": "code", "source": source.replace("\n", "\r\n")} for source in sources]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 99, "metadata": None}).encode()


def stale(sources: list[str]) -> bytes:
    """Return a notebook that was run out of order, with saved outputs that are wrong."""
    book = json.loads(notebook(sources))
    for number, cell in enumerate(cell for cell in book["cells"] if cell["cell_type"] == "code"):
        cell["execution_count"] = 100 - number
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["Test accuracy: 0.1001\n"]}]
    return json.dumps(book).encode()


right("all_code_in_a_single_cell", dress=one_cell)
right("code_squeezed_into_four_cells", dress=squeezed)
right("twenty_six_code_cells", dress=many_cells)
right("two_point_six_megabytes", dress=heavy)
right("string_sources_windows_line_ends_no_markdown_invalid_format", dress=plain)
right("executed_out_of_order_with_stale_outputs", dress=stale)
blank("single_cell_with_the_tape_left", "gradient_tape", dress=one_cell)
FIXTURES.append(
    Fixture(
        name="single_cell_evaluating_the_fc_net",
        cells={**RIGHT, "cnn_evaluate": EVALUATES_FC},
        loses=frozenset({"cnn_evaluate"}),
        shows="other-network",
        dress=one_cell,
    )
)


if __name__ == "__main__":
    for each in FIXTURES:
        each.write(Path(sys.argv[1]))
