"""English: traps that were detected while code ran."""

# ruff: noqa: E501  # a sentence is a line

from __future__ import annotations

from ptlearn_tui.locale.explained import Text

TRAPS = {
    "no-zero-grad": Text(
        "backward() adds to .grad, and nothing has cleared it since the last step: each step goes by the sum of all gradients so far.",
        ("optimizer.zero_grad()  # before backward(), in each step",),
    ),
    "zero-grad-before-step": Text(
        "The gradients were cleared between backward() and step(): the optimizer has nothing to go by.",
        ("optimizer.zero_grad(); loss.backward(); optimizer.step()  # in this order",),
    ),
    "step-before-backward": Text(
        "step() came before backward(): there was no gradient yet, so nothing moved.",
        ("loss.backward(); optimizer.step()  # in this order",),
    ),
    "parameters-not-in-optimizer": Text(
        (
            "{count} parameter(s) got a gradient and no optimizer has them, {name} first: they don't learn.",
            "{count} parameter(s) got a gradient and no optimizer has them: they don't learn.",
            "Parameters got a gradient and no optimizer has them: they don't learn.",
        ),
        ("optimizer = torch.optim.SGD(net.parameters(), lr=0.01)  # all of the network's",),
    ),
    "train-forgotten": Text(
        (
            "{net} learns in eval mode: its {layer} acts as in testing.",
            "The network learns in eval mode: its layers act as in testing.",
        ),
        ("{net:net}.train()  # after the test, before the next epoch",),
    ),
    "eval-forgotten": Text(
        (
            "This is a test, and {layer} still acts as in training: the result is not that of the finished network.",
            "This is a test, and the network still acts as in training: the result is not that of the finished network.",
        ),
        ("net.eval()  # before the test; net.train() after it",),
    ),
    "softmax-before-cross-entropy": Text(
        "cross_entropy takes logits and does softmax itself: twice, it flattens the gradients and learns slowly.",
        ("loss = F.cross_entropy(logits, target)  # without softmax",),
    ),
    "log-softmax-before-cross-entropy": Text(
        "cross_entropy does log_softmax itself: a second one changes nothing and only costs time.",
        (
            "loss = F.cross_entropy(logits, target)  # without log_softmax",
            "loss = F.nll_loss(output, target)  # with it",
        ),
    ),
    "relu-before-cross-entropy": Text(
        "The logits come out of a ReLU: no class can get a score below 0, and where all are cut nothing is learnt.",
        ("logits = fc(x)  # no ReLU after the last layer",),
    ),
    "sigmoid-before-cross-entropy": Text(
        "The logits come out of a sigmoid: they lie between 0 and 1, so softmax can't become sure of a class.",
        ("logits = fc(x)  # no sigmoid after the last layer",),
    ),
    "loss-broadcast": Text(
        (
            "{output} minus {target} is {all}: every output meets every target, so the loss is wrong.",
            "Output and target have different shapes: every output meets every target, so the loss is wrong.",
        ),
        ("loss = ((output.squeeze(1) - target) ** 2).mean()  # both of one shape",),
    ),
    "nan-loss": Text(
        ("The loss is {value} from step {step} on.", "The loss is no number any more."),
        (
            "torch.autograd.set_detect_anomaly(True)  # says which operation made it",
            "optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)  # a smaller rate",
        ),
    ),
    "nan-gradient": Text(
        (
            "In step {step} the gradient of {name} is no number, though the loss is one.",
            "In step {step} a gradient is no number, though the loss is one.",
            "A gradient is no number, though the loss is one.",
        ),
        ("y = torch.sqrt(x + 1e-8)  # its slope at 0 is infinite; that of log and norm too",),
    ),
    "float64-sneaks-in": Text(
        "The loss is float64 and the parameters are float32: data from NumPy or Python has brought float64 in.",
        ("x = torch.from_numpy(array).float()  # float32, as the network",),
    ),
    "rate-too-high": Text(
        (
            "The loss rose ten steps in a row, from {before} to {now}: the learning rate is too high.",
            "The loss rose ten steps in a row: the learning rate is too high.",
        ),
        ("optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)  # a tenth, say",),
    ),
    "guessing": Text(
        (
            "For 200 steps the loss has been {loss}, which is ln({classes}): the network guesses.",
            "For 200 steps the loss has been ln(classes): the network guesses.",
        ),
        ("print(x[:8], y[:8])  # do data and labels belong together, does any gradient arrive?",),
    ),
    "loss-keeps-graph": Text(
        (
            "{total} takes {loss} with its graph: the memory of every step is kept.",
            "A sum takes the loss with its graph: the memory of every step is kept.",
        ),
        ("{total:total} += {loss:loss}.item()  # only the number",),
    ),
    "unshuffled-labels": Text(
        (
            "{loader} gives the data in order, and each batch so far has a single label: the network learns one class after the other.",
            "The data comes in order, and each batch so far has a single label: the network learns one class after the other.",
        ),
        ("{loader:loader} = DataLoader(data, batch_size=32, shuffle=True)",),
    ),
    "data-attribute": Text(
        "`.data` goes past autograd: what is changed through it gives wrong gradients without an error.",
        ("{x:x}.detach()  # to read", "with torch.no_grad(): {x:x}.mul_(0.5)  # to change"),
    ),
    "modules-in-list": Text(
        (
            "{name} is a plain list: parameters() doesn't find the {count} modules in it, so they are not trained, moved or saved.",
            "A plain list hides its modules: parameters() doesn't find them.",
        ),
        ("self.{name:layers} = nn.ModuleList(self.{name:layers})",),
    ),
    "no-grad-forgotten": Text(
        (
            "{output} carries a graph in every turn, and nobody differentiates it: that costs memory and time.",
            "A graph is built in every turn, and nobody differentiates it: that costs memory and time.",
        ),
        ("with torch.no_grad(): {output:output} = {net:net}(x)",),
    ),
}
