"""English: what went wrong, and what mends it."""

# ruff: noqa: E501  # a sentence is a line

from __future__ import annotations

from ptlearn_tui.locale.explained import Text

IS, COMMA = " is ", ", "
REPAIRS = ("try ", "or  ")

_SHAPES = {
    "matmul-shapes": Text(
        (
            "`@` pairs the last size of the left with the rows of the right: {a} has {a_size}, {b} has {b_size}.",
            "`@` pairs the last size of the left with the rows of the right: {a_size} and {b_size} are not equal.",
            "`@` pairs the last size of the left with the rows of the right: the two have to be equal.",
        ),
        (
            "{vectors}  # a vector for each matrix",
            "{turned}  # one of them turned round",
            "{b:b} = torch.randn({a_size:3}, 2)  # as many rows as {a:a} has columns",
        ),
    ),
    "matrix-wanted": Text(
        "This function multiplies tensors with one exact number of dimensions. `@` (matmul) takes vectors, matrices "
        "and batches of them.",
        ("{a:a} @ {b:b}",),
    ),
    "linear-in-features": Text(
        (
            "{layer} wants {wants} features, the last size of its input; it was given {x_shape}, whose last size is {has}.",
            "A Linear layer wants as many features as the last size of its input; here it is {a_size}.",
            "A Linear layer wants as many features as its input's last size.",
        ),
        (
            "{x:x}.flatten(1)  # all but the batch in one: {flat} features",
            "{layer:layer} = nn.Linear({has:256}, {out:10})  # a layer for what comes",
        ),
    ),
    "broadcast": Text(
        (
            "Sizes are compared from the right: each pair must be equal, or one of them 1. "
            "{a} is {a_shape} and {b} is {b_shape}: {a_size} meets {b_size}.",
            "Sizes are compared from the right: each pair must be equal, or one of them 1. Here {a_size} meets {b_size}.",
            "Sizes are compared from the right: each pair must be equal, or one of them 1.",
        ),
        (
            "{flat:b} = {column}  # a column: one value for each row",
            "{flat:b} = {turned}  # turned round",
            "print({a:a}.shape, {b:b}.shape)  # from the right: equal, or 1",
        ),
    ),
    "inplace-broadcast": Text(
        (
            "An operation in place keeps its tensor's shape, [{a_sizes}]; the result would be [{all_sizes}].",
            "An operation in place keeps its tensor's shape; the result would be larger.",
        ),
        (("{apart}  # a new tensor, of the larger shape", "{a:a} = {a:a} + b  # a new tensor, of the larger shape"),),
    ),
    "normalize-channels": Text(
        (
            "Normalize has a mean for each of {wants} channels; the picture has {has}.",
            "Normalize wants one mean and one standard deviation for each channel of the picture.",
        ),
        (
            "transforms.Normalize((0.5,), (0.5,))  # one channel: MNIST",
            "transforms.Grayscale(3)  # before ToTensor: three channels",
        ),
    ),
    "reshape-size": Text(
        (
            "A new shape keeps the number of elements: {x} is {x_shape}, {numel} in all, and [{sizes}] has {product}.",
            "A new shape keeps the number of elements: there are {numel}, and [{sizes}] has {product}.",
            "A new shape keeps the number of elements: {numel} cannot be divided so that [{sizes}] holds them.",
            "A new shape keeps the number of elements.",
        ),
        (
            "{x:x}.reshape({rows}, -1)  # -1: whatever is left",
            "{x:x}.reshape(-1, {columns})  # -1: whatever is left",
            "{x:x}.reshape({batch}, -1)  # keeps the batch",
            "{x:x}.flatten()  # all in one row",
        ),
    ),
    "view-stride": Text(
        "A view reads the same memory in another shape, and {x:x}'s elements no longer lie in that order "
        "(after `t()`, `permute`, `transpose`). `reshape` copies where it has to.",
        ("{x:x}.reshape({sizes:-1})", "{x:x}.contiguous().view({sizes:-1})"),
    ),
    "cat-sizes": Text(
        (
            "`cat` puts tensors one after the other along dimension {dim}; all other sizes must be equal, and {a_size} is not {b_size}.",
            "`cat` puts tensors one after the other along one dimension; all other sizes must be equal.",
        ),
        (
            "torch.cat({list:[a, b]}, dim={fits})  # the dimension in which they differ",
            "for x in {list:[a, b]}: print(x.shape)  # equal but for one dimension",
        ),
    ),
    "cat-dims": Text(
        (
            "`cat` joins tensors with equally many dimensions; here are {a_dims} and {b_dims}.",
            "`cat` joins tensors with equally many dimensions.",
        ),
        ("{x:b} = {x:b}[None]  # one more dimension in front, of size 1",),
    ),
    "stack-sizes": Text(
        (
            "`stack` lays tensors of one shape on each other; number 0 is [{a_sizes}], number {entry} is [{b_sizes}].",
            "`stack` lays tensors of one shape on each other.",
        ),
        (
            "torch.cat({list:[a, b]})  # one after the other",
            "nn.utils.rnn.pad_sequence({list:[a, b]}, batch_first=True)  # zeros fill the shorter",
        ),
    ),
    "index-out-of-range": Text(
        (
            "Counting begins at 0: dimension {dim} has {size} places, {least} to {most}; {index} is none of them.",
            "Counting begins at 0, so the last index is the size less 1.",
        ),
        ("{x:x}[{last:-1}]  # the last", "{x:x}[{end:-1}]  # the last, whatever the size"),
    ),
    "too-many-indices": Text(
        (
            "{x} has {dims} dimension(s), and {given} indices are given: at most one for each.",
            "There are more indices than dimensions: the tensor has {dims}.",
            "There are more indices than dimensions.",
        ),
        ("{x:x}[{some:0}]", "{x:x}.shape  # one index for each size"),
    ),
    "zero-dim": Text(
        "{x:x} is one number: a tensor with no dimensions, so it has no elements to index, count or walk through.",
        ("{x:x}.item()  # its number, for Python", "{x:x}[None]  # a vector with one element"),
    ),
    "mask-shape": Text(
        (
            "A mask says yes or no for each element: it is [{mask_sizes}], and the tensor is [{x_sizes}].",
            "A mask says yes or no for each element, so it has the tensor's shape.",
        ),
        ("{x:x}[{x:x} > 0]  # a mask made from the tensor itself",),
    ),
    "assign-shape": Text(
        (
            "What is assigned has the shape of its place, or fits it by broadcasting: the place is [{place_sizes}], the value [{value_sizes}].",
            "What is assigned has the shape of its place, or fits it by broadcasting.",
        ),
        (
            "{target:x[:]} = torch.zeros({place_sizes:3})  # a value of that shape",
            "{target:x[:]} = 0  # one number for all",
        ),
    ),
    "expand-sizes": Text(
        (
            "`expand` repeats what has size 1, without a copy. Dimension {dim} has size {old}, and cannot become {new}.",
            "`expand` repeats what has size 1, without a copy; other sizes stay.",
        ),
        (
            "{x:x}[{one:..., :1}].expand({sizes:-1, 4})  # its first, repeated",
            "{x:x}.repeat_interleave(2, dim=-1)  # a copy, each element twice",
        ),
    ),
    "permute-dims": Text(
        (
            "`permute` wants each of {x}'s {dims} dimensions once, in the new order.",
            "`permute` wants each dimension of the tensor once, in the new order.",
        ),
        ("{x:x}.permute({order:1, 0})  # the last one first", "{x:x}.transpose(0, 1)  # only these two change places"),
    ),
    "dim-out-of-range": Text(
        (
            "{x} is {x_shape}: its dimensions are {low} to {high}, and {dim} is none of them.",
            "Dimensions here are {low} to {high}, and {dim} is none of them.",
            "The tensor does not have that dimension.",
        ),
        ("{call}  # along the last", "{x:x}[None]  # one more dimension in front, of size 1"),
    ),
    "t-dims": Text(
        ("`t()` turns a matrix round; this tensor has {dims} dimensions.", "`t()` turns a matrix round."),
        ("{x:x}.mT  # each matrix of the batch", "{x:x}.transpose(0, 1)  # these two change places"),
    ),
    "einsum": Text(
        (
            "A letter stands for one size everywhere: `{letter}` is {a_size} in one tensor and {b_size} in another.",
            "Each tensor has a letter for each of its dimensions: {letters} letters stand for {dims} dimension(s).",
            "`einsum` wants a letter for each dimension, a comma between tensors, and after `->` only letters from before it.",
        ),
        ("torch.einsum('ij,jk->ik', a, b)  # a is i×j, b is j×k",),
    ),
    "ragged-list": Text(
        (
            "A tensor is a box: all rows are equally long. One has {length} elements, another {got}.",
            "A tensor is a box: all rows are equally long.",
        ),
        ("nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)  # zeros fill the shorter",),
    ),
}

_KINDS = {
    "dtype-mismatch": Text(
        (
            "{layer}'s weights are {wants}, and its input is {has}: they are not mixed.",
            "{x} is {has}, the other is {wants}: products and layers do not mix dtypes.",
            "{a_dtype} meets {b_dtype}: products and layers do not mix dtypes.",
            "Products and layers do not mix dtypes.",
        ),
        (
            "{x:x} = {x:x}.to(torch.{wants:float32})",
            "{x:x} = torch.tensor(data, dtype=torch.{wants:float32})  # where it is made",
        ),
    ),
    "long-wanted": Text(
        (
            "Class numbers and indices are whole numbers, int64; {x} is {has}.",
            "Class numbers and indices are whole numbers, int64 (Long).",
        ),
        ("{x:y} = {x:y}.long()", "{x:y} = torch.tensor([0, 2, 1])  # without points: int64"),
    ),
    "float-wanted": Text(
        (
            "{x} is {has}: what this computes has fractions, so it wants floating point numbers.",
            "What this computes has fractions, so it wants floating point numbers.",
        ),
        ("{x:x} = {x:x}.float()", "{x:x} = torch.tensor([1.0, 2.0])  # a point makes it float32"),
    ),
    "inplace-dtype": Text(
        (
            "An operation in place keeps its tensor's dtype: {result} does not go into {has}.",
            "An operation in place keeps its tensor's dtype.",
        ),
        (("{apart}  # a new tensor", "{x:x} = {x:x} + 0.5  # a new tensor"), "{x:x} = {x:x}.float()  # before"),
    ),
    "minus-of-bools": Text(
        "True and False are not subtracted. `~` turns a mask round; as numbers they are 1 and 0.",
        ("~{x:mask}  # not", "{x:mask}.int()  # 1 and 0, to reckon with"),
    ),
    "dtype-by-name": Text(
        (
            "A dtype is an object of torch's, torch.{name}, not a string and not NumPy's.",
            "A dtype is an object of torch's, not a string and not NumPy's.",
        ),
        (("{call}", "torch.ones(2, dtype=torch.float32)"),),
    ),
    "device-by-name": Text(
        (
            'There is no device "{name}". They are called cpu, cuda (cuda:0, cuda:1, …) and mps.',
            "Devices are called cpu, cuda (cuda:0, cuda:1, …) and mps.",
        ),
        ('device = "cuda" if torch.cuda.is_available() else "cpu"',),
    ),
    "device-mismatch": Text(
        (
            "{x} is on {x_device}, {other} on {device}: an operation works on one device.",
            "One is on {x_device}, the other on {device}: an operation works on one device.",
            "An operation works on one device: model and data have to be on the same.",
        ),
        (
            '{x:x} = {x:x}.to("{device:cuda}")',
            "net = net.to(device); {x:x} = {x:x}.to(device)  # both, before training",
        ),
    ),
    "cuda-missing": Text(
        "PyTorch finds no NVIDIA GPU: none is there, its driver is missing or old, or this torch was built without CUDA. "
        "`ptlearn-tui doctor` says which.",
        ('device = "cuda" if torch.cuda.is_available() else "cpu"',),
    ),
    "cuda-assert": Text(
        "The GPU met a wrong index, mostly a class number beyond the outputs. It tells late, so the line may be another; "
        "on the CPU the error is exact. The kernel has to be started anew (R).",
        ('net = net.to("cpu"); x = x.to("cpu"); y = y.to("cpu")  # to see the exact error',),
    ),
    "out-of-memory": Text(
        (
            "The GPU's memory is full: {size} more were wanted. Activations take most, and they grow with the batch.",
            "The GPU's memory is full. Activations take most, and they grow with the batch.",
        ),
        (
            "batch_size = 32  # half as many, or fewer",
            "total += loss.item()  # a number: `total += loss` keeps every graph",
        ),
    ),
    "too-much-memory": Text(
        (
            "the cells of this kernel may use {limit} of memory, and hold {held}: make it smaller, `del` what is no longer "
            "needed, or allow more with PTLEARN_MEMORY, if the machine has it",
            "This machine does not have the memory: {size} were asked for at once.",
            "This machine does not have the memory that was asked for.",
        ),
        ("del big  # what is no longer needed", "x = x[:1000]  # a part at a time"),
    ),
    "numpy-requires-grad": Text(
        "NumPy knows no gradients: {x:x} has to leave the graph first.",
        ("{x:x}.detach().numpy()", "{x:x}.tolist()  # plain Python numbers"),
    ),
    "numpy-on-gpu": Text(
        (
            "NumPy works in the CPU's memory; {x:x} is on {device}.",
            "NumPy works in the CPU's memory; {x:x} is on another device.",
        ),
        ("{x:x}.cpu().numpy()", "{x:x}.detach().cpu().numpy()  # if it requires grad"),
    ),
    "item-of-many": Text(
        (
            "Only a tensor with one element becomes a Python number; {x:x} has {numel}.",
            "Only a tensor with one element becomes a Python number.",
        ),
        ("{x:x}.tolist()  # a list of all", "{x:x}.sum().item()  # one number of them"),
    ),
    "list-of-tensors": Text(
        "torch.tensor() makes a tensor of numbers; a list of tensors is stacked.",
        ("torch.stack({list:[a, b]})  # a new dimension in front", "torch.cat({list:[a, b]})  # one after the other"),
    ),
    "bool-of-many": Text(
        "`if`, `while`, `and`, `or` want one yes or no; a tensor with several elements has one for each.",
        ("{test:(a == b)}.all()  # all of them", "{test:(a == b)}.any()  # at least one"),
    ),
    "loss-arguments": Text(
        "{loss:The loss} is a class: the first brackets take its options, the second the tensors.",
        (
            ("{call}", "nn.CrossEntropyLoss()(output, target)"),
            "criterion = nn.{loss:CrossEntropyLoss}()  # once, then criterion(output, target)",
        ),
    ),
    "tuple-for-tensor": Text(
        "{x:x} is a tuple of several results, as of an LSTM (output, state) or of a pooling with indices; take the one you mean.",
        ("{x:x}[0]  # the first of them", "out, state = {x:x}"),
    ),
    "tensor-wanted": Text(
        ("A tensor is wanted here, and {kind} was given.", "A tensor is wanted here."),
        ("torch.as_tensor({x:x}, dtype=torch.float32)",),
    ),
    "tensors-in-a-list": Text(
        "The tensors to be joined go in as one list.",
        (("{function}([{all}])", "torch.cat([a, b])"),),
    ),
    "not-numbers": Text(
        ("A tensor holds numbers; {kind} is none.", "A tensor holds numbers, no text."),
        (
            "torch.tensor([float(word) for word in words])  # text that is a number",
            'number = {{"cat": 0, "dog": 1}}[word]  # a number for each word',
        ),
    ),
}

_AUTOGRAD = {
    "needs-grad": Text(
        "{loss:loss} has no graph to go back through: nothing it was made from has requires_grad=True, or it was made "
        "under torch.no_grad(), after detach() or from .item().",
        (
            "w = torch.ones(3, requires_grad=True)  # before it is used",
            "loss = criterion(net(x), y)  # outside of no_grad, nothing detached",
        ),
    ),
    "backward-twice": Text(
        "backward() frees what the graph had saved, so it goes through a graph once. Each step makes a new one, by a new forward pass.",
        (
            "loss = criterion(net(x), y); loss.backward()  # anew in every step",
            "{loss:loss}.backward(retain_graph=True)  # the first time, if it is to run twice",
        ),
    ),
    "inplace-version": Text(
        (
            "{operator} had saved its result, [{sizes}], for backward(); it was then changed in place ({now} time(s)), "
            "so the gradient would be wrong.",
            "A tensor of shape [{sizes}] that backward() needs was changed in place (version {now} instead of {then}), "
            "so the gradient would be wrong.",
            "A tensor that backward() needs was changed in place, so the gradient would be wrong.",
        ),
        (
            "y = y + 1  # a new tensor, in place of y += 1 or y.add_(1)",
            "y = y.clone()  # before it is changed in place",
        ),
    ),
    "leaf-inplace": Text(
        "{x:x} is a leaf that requires grad: changed in place, it would no longer be the value whose gradient is asked for.",
        (
            "with torch.no_grad(): {line:w -= 0.1 * w.grad}  # an update, not part of the graph",
            "{x:w} = {x:w}.clone()  # a copy with a graph may be changed",
        ),
    ),
    "scalar-only-backward": Text(
        (
            "backward() starts at one number; {loss} is {loss_shape}. Make one number of it, or give the vector v of vᵀJ.",
            "backward() starts at one number. Make one of it, or give the vector v of vᵀJ.",
        ),
        ("{loss:loss}.mean().backward()", "{loss:y}.backward(torch.ones_like({loss:y}))  # v: all ones"),
    ),
    "backward-shape": Text(
        (
            "The vector v of vᵀJ has the shape of the result: that is [{y_sizes}], v is [{given_sizes}].",
            "The vector v of vᵀJ has the shape of the result.",
        ),
        ("{y:y}.backward(torch.ones_like({y:y}))",),
    ),
    "requires-grad-of-ints": Text(
        "A gradient is a small change, and whole numbers change in steps of 1: only floating point tensors require grad.",
        (
            ("{call}", "{x:x} = {x:x}.float().requires_grad_()"),
            "torch.tensor([1.0, 2.0], requires_grad=True)  # a point makes it float32",
        ),
    ),
    "requires-grad-of-result": Text(
        "{x:x} is the result of an operation: it requires grad because its inputs do. detach() gives its values without the graph.",
        ("{x:x} = {x:x}.detach()",),
    ),
    "deepcopy-of-result": Text(
        "{x:x} is the result of an operation, tied to a graph; only leaves are copied whole.",
        ("{x:x}.detach().clone()  # the values, without the graph", "{x:x}.clone()  # as part of the graph"),
    ),
    "grad-unused": Text(
        "One of the tensors had no part in the result, so it has no gradient.",
        (("{call}  # None for it", "torch.autograd.grad(y, x, allow_unused=True)  # None for it"),),
    ),
    "inference-tensor": Text(
        "Tensors made under torch.inference_mode() never take part in a graph.",
        (
            "with torch.no_grad(): y = torch.ones(2)  # in place of inference_mode",
            "y = y.clone()  # outside of it: an ordinary tensor",
        ),
    ),
}

_NETWORKS = {
    "conv-channels": Text(
        (
            "{layer} reads {wants} channel(s); its input is {x_shape}, with {has} where the channels stand: (batch, channels, height, width).",
            "The layer reads {wants} channel(s); its input is {x_shape}, with {has} where the channels stand: (batch, channels, height, width).",
            "The layer reads another number of channels than its input has: (batch, channels, height, width).",
        ),
        (
            "{x:x} = {x:x}.permute({order})  # the channels were last",
            "{x:x} = {x:x}.unsqueeze(1)  # {batch} pictures with one channel",
            "{x:x} = {x:x}.mean({grey}, keepdim=True)  # grey",
            "{layer:conv} = nn.Conv2d({has:3}, {out:6}, {kernel:5})  # a layer for what comes",
        ),
    ),
    "conv-dims": Text(
        (
            "Pictures come as (batch, channels, height, width); the input is {x_shape}.",
            "Pictures come as (batch, channels, height, width).",
        ),
        (
            (
                "{batched}  # a batch of one, one channel",
                "{x:x} = {x:x}.reshape(-1, 1, 28, 28)  # for pictures that were flattened",
            ),
        ),
    ),
    "conv-too-small": Text(
        (
            "The kernel, {kernel}, is larger than the picture that comes to it, {size} with its border.",
            "The kernel is larger than the picture that comes to it.",
        ),
        (
            "{layer:conv} = {conv}  # a border of zeros",
            "x = nn.functional.pad(x, (2, 2, 2, 2))  # 2 more on each side, before the first layer",
        ),
    ),
    "pool-too-small": Text(
        (
            "Pooling would leave nothing: {size} (channels, height, width) becomes {result}.",
            "Pooling would leave nothing of a picture that small.",
        ),
        (
            "nn.AdaptiveAvgPool2d(1)  # fits every size",
            "x = nn.functional.interpolate(x, size=32)  # larger pictures, before the first layer",
        ),
    ),
    "batchnorm-one-value": Text(
        (
            "In training, batch norm takes mean and spread over the batch; of [{given}] there is one value for each channel.",
            "In training, batch norm takes mean and spread over the batch; one value has no spread.",
        ),
        (
            "net.eval()  # for trying it out: the running mean and spread",
            "loader = DataLoader(data, batch_size=32, drop_last=True)  # no last batch of one",
        ),
    ),
    "norm-features": Text(
        (
            "{layer} was made for {wants} features; its input, {x_shape}, has {has}.",
            "The layer was made for {wants} features; its input has {has}.",
            "The layer was made for another number of features.",
        ),
        ("{layer:norm} = nn.{kind:BatchNorm1d}({has:64})",),
    ),
    "norm-dims": Text(
        (
            "This layer wants {wants} input, and it is {has}D: 1d is for (batch, features), 2d for (batch, channels, height, width).",
            "BatchNorm1d is for (batch, features), BatchNorm2d for (batch, channels, height, width).",
        ),
        ("{layer:norm} = nn.{right:BatchNorm1d}({features:64})",),
    ),
    "embedding-index": Text(
        (
            "{layer} has rows 0 to {most}; the largest index is {largest}.",
            "An embedding has rows 0 to num_embeddings - 1; an index lies outside.",
        ),
        ("{layer:embedding} = nn.Embedding({needed:1000}, {size:64})  # as many rows as there are words",),
    ),
    "target-out-of-range": Text(
        (
            "The output has {classes} classes, 0 to {most}; a target is {target}.",
            "Class numbers go from 0 to the number of outputs less 1; a target is {target}.",
            "Class numbers go from 0 to the number of outputs less 1.",
        ),
        (
            "{y:y} = {y:y} - {from_one}  # they count from 1",
            "last = nn.Linear(84, {needed:10})  # as many outputs as classes",
        ),
    ),
    "one-hot-classes": Text(
        "Class numbers go from 0 to num_classes - 1.",
        ("nn.functional.one_hot({x:y}, num_classes={needed:10})",),
    ),
    "batch-mismatch": Text(
        (
            "The output {out_shape} is for {output_batch} examples, the target {y_shape} for {target_batch}. "
            "Often a view(-1, …) in forward has mixed the batch with the features.",
            "There are {output_batch} outputs for {target_batch} targets. Often a view(-1, …) in forward has mixed the batch with the features.",
            "Outputs and targets are for different numbers of examples.",
        ),
        (
            "x = x.flatten(1)  # keeps the batch, in place of view(-1, …)",
            "{output:output} = {output:output}[:len({y:y})]  # if there are more on purpose",
        ),
    ),
    "target-shape": Text(
        (
            "The target is one class number for each example, (batch,); it is {y_shape}.",
            "The target is one class number for each example, (batch,).",
        ),
        (
            "{y:y} = {y:y}.squeeze({narrow})  # without the dimension of size 1",
            "{y:y} = {y:y}.argmax(1)  # from one-hot rows to class numbers",
        ),
    ),
    "one-hot-target": Text(
        (
            "A target of the output's shape, {y_shape}, is read as probabilities, which are floating point numbers.",
            "A target of the output's shape is read as probabilities, which are floating point numbers.",
        ),
        ("{y:y} = {y:y}.argmax(1)  # class numbers", "{y:y} = {y:y}.float()  # probabilities"),
    ),
    "bce-range": Text(
        "BCELoss wants probabilities, 0 to 1, and this goes beyond. The loss with logits takes a layer's output as it is.",
        (
            "nn.BCEWithLogitsLoss()({output:output}, {y:target})",
            "nn.BCELoss()(torch.sigmoid({output:output}), {y:target})",
        ),
    ),
    "loss-sizes": Text(
        (
            "Output and target are compared element by element: {out_shape} and {y_shape} have to be the same shape.",
            "Output and target are compared element by element: they have to have the same shape.",
        ),
        (
            "{output:output} = {output:output}.squeeze({output_more})  # without the dimension of size 1",
            "{y:target} = {y:target}.squeeze({target_more})  # without the dimension of size 1",
            "{y:target} = {y:target}.reshape({output:output}.shape)  # if the order is right",
        ),
    ),
    "rnn-input-size": Text(
        (
            "{layer} wants {wants} features, the last size of its input; {x_shape} has {has}.",
            "The layer wants {wants} features, the last size of its input; it has {has}.",
            "The layer's input_size is the last size of its input.",
        ),
        ("{layer:rnn} = nn.{kind:LSTM}({has:10}, {hidden:20})",),
    ),
    "state-dict-keys": Text(
        (
            'The file names its weights otherwise: "{missing}" is missing, "{unexpected}" is there. Its names begin with "{prefix}".',
            'The file names its weights otherwise: "{missing}" is missing, "{unexpected}" is there. Is it the same network?',
            'The network has "{missing}", and the file does not. Is it the same network?',
            'The file has "{unexpected}", and the network does not. Is it the same network?',
            "The names in the file are not those of the network. Is it the same network?",
        ),
        (
            '{net:net}.load_state_dict({{key.removeprefix("{prefix}"): value for key, value in {state:state}.items()}})',
            "{net:net}.load_state_dict({state:state}, strict=False)  # what has no match stays as it is",
        ),
    ),
    "state-dict-sizes": Text(
        (
            "{key} is {file_shape} in the file and {model_shape} in the network: the network was made with other sizes.",
            "The network was made with other sizes than the one that was saved.",
        ),
        (
            "{{key: value.shape for key, value in {state:state}.items()}}  # make the network with these",
            '{net:net}.load_state_dict({{**{state:state}, "{key:fc.weight}": {net:net}.state_dict()["{key:fc.weight}"]}})  # keeps its own there',
        ),
    ),
    "state-dict-wanted": Text(
        "load_state_dict() wants names and tensors, what state_dict() gives and torch.load() reads, not a network or a path.",
        ("{net:net}.load_state_dict({state:net}.state_dict())", '{net:net}.load_state_dict(torch.load("net.pt"))'),
    ),
    "no-super-init": Text(
        "nn.Module has to be set up before a layer is assigned, and before the network is used: its own __init__ does that.",
        ("super().__init__()  # the first line of your __init__",),
    ),
    "forward-missing": Text(
        (
            "{net} has no forward(); it has {close}().",
            "{net} has no forward(). Is it indented into the class?",
            "The network has no forward(). Is it indented into the class?",
        ),
        ("def forward(self, x): return x  # by this very name, inside the class",),
    ),
    "forward-arguments": Text(
        (
            "forward() takes {takes}, self among them, and was given {given}: `self` or an argument is missing in its def.",
            "forward() was called without {missing}: what the network is called with goes there.",
            "The network is called with what forward() takes after self.",
        ),
        ("def forward(self, x): return x  # self first, then what comes in", "{call:net}(x)"),
    ),
    "not-a-module": Text(
        ("Sequential takes layers one by one; {kind} is no layer.", "Sequential takes layers one by one."),
        (
            (
                "nn.Sequential(*{layers})  # the star unpacks the list",
                "nn.Sequential(nn.Flatten(), nn.ReLU())  # layers, functions as classes",
            ),
        ),
    ),
    "optimizer-empty": Text(
        "The network has no parameters yet: it has no layers, they stand in a plain list, or parameters() was used up before.",
        (
            "self.layers = nn.ModuleList(layers)  # in place of a plain list",
            "optimizer = {optimizer:torch.optim.SGD}(net.parameters(){rest:, lr=0.1})",
        ),
    ),
    "optimizer-non-leaf": Text(
        "{x:w} is the result of an operation; an optimizer changes leaves, which nothing was computed for.",
        ("{x:w} = {x:w}.detach().requires_grad_()  # a leaf with these values",),
    ),
    "optimizer-not-parameters": Text(
        "An optimizer wants the parameters, as net.parameters() gives them, or a list of tensors.",
        (
            "{optimizer:torch.optim.SGD}([{tensor}]{rest:, lr=0.1})  # a list of one",
            "{optimizer:torch.optim.SGD}({net:net}.parameters(){rest:, lr=0.1})",
        ),
    ),
}

_DATA = {
    "file-not-found": Text(
        (
            "There is no {path}; {close} is there.",
            "There is no folder {no_folder}. Paths begin where the program was started.",
            "There is no {path}: paths begin where the program was started, here {folder}.",
            "There is no {path}. Paths begin where the program was started.",
            "There is no such file.",
        ),
        ('path = "{close}"', "import os; print(os.getcwd(), os.listdir())  # where paths begin, and what is there"),
    ),
    "load-weights-only": Text(
        "torch.load() reads tensors and plain values only, since other objects can run code when they are read. "
        "This file holds a whole object.",
        (
            "torch.save(net.state_dict(), {path:path}); net.load_state_dict(torch.load({path:path}))  # save the weights only",
            (
                "{call}  # only for a file that you trust",
                "torch.load(path, weights_only=False)  # only for a file that you trust",
            ),
        ),
    ),
    "load-on-cpu": Text(
        "The file was saved from a GPU, and here is none: its tensors have to be put on the CPU.",
        (("{call}", 'torch.load(path, map_location="cpu")'),),
    ),
    "load-broken": Text(
        "This is no whole checkpoint: cut short while it was saved or fetched, empty, or another kind of file.",
        ("torch.save(net.state_dict(), {path:path})  # save it once more, or fetch it again",),
    ),
    "dataloader-collate": Text(
        (
            "A batch stacks its examples, so all have one shape; here are [{a_sizes}] and [{b_sizes}].",
            "A batch stacks its examples, so all have one shape.",
        ),
        (
            "transforms.Resize((32, 32))  # pictures of one size, before ToTensor",
            "loader = DataLoader(data, batch_size=2, collate_fn=list)  # a list in place of a tensor",
        ),
    ),
    "collate-kind": Text(
        (
            "A batch is made of tensors, arrays and numbers; __getitem__ gave {kind}.",
            "A batch is made of tensors, arrays and numbers.",
        ),
        (
            "transform = transforms.ToTensor()  # pictures as tensors",
            "loader = DataLoader(data, batch_size=2, collate_fn=list)  # a list in place of a tensor",
        ),
    ),
    "dataset-no-len": Text(
        (
            "{dataset} does not say how many examples it has, and that is needed to shuffle and count them.",
            "The data set does not say how many examples it has.",
        ),
        ("def __len__(self): return len(self.images)  # in the data set's class",),
    ),
    "dataset-no-getitem": Text(
        (
            "{dataset} does not say what its example number `index` is.",
            "The data set does not say what its examples are.",
        ),
        ("def __getitem__(self, index): return self.images[index], self.labels[index]  # in its class",),
    ),
    "dataset-empty": Text(
        "The data set has no examples: nothing was found where it looks, or its __len__ gives 0.",
        ("print(len(data))  # before the loader is made",),
    ),
    "dataset-not-found": Text(
        "The data are not in that folder. download=True fetches them once.",
        (("{call}", 'datasets.MNIST("data", download=True)'),),
    ),
    "loader-by-index": Text(
        "A DataLoader gives one batch after the other; it has no batch number n.",
        ("x = next(iter({loader:loader}))  # its first batch", "for x in {loader:loader}: print(x)"),
    ),
    "to-tensor-twice": Text(
        "ToTensor makes tensors of pictures and arrays; this is a tensor already.",
        ("x = x.float() / 255  # if it holds bytes, 0 to 255",),
    ),
    "transform-order": Text(
        "Normalize works on tensors: ToTensor comes before it.",
        ("transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])",),
    ),
}

_PYTHON = {
    "full-width": Text(
        (
            "`{character}` is a full-width character, of a Chinese input method; code wants the half-width `{half}`.",
            "`{character}` is a full-width character, of a Chinese input method; code wants half-width ones.",
            "Code wants half-width brackets, commas and quotes.",
        ),
        (("{line}", "print(x)  # half-width brackets, commas, quotes"),),
    ),
    "not-imported": Text(
        ("`{name}` has not been imported in this kernel.", "This has not been imported in this kernel."),
        ("{statement:import torch}",),
    ),
    "name-unknown": Text(
        (
            "No cell that has run made `{name}`; there is `{close}`.",
            "No cell that has run made `{name}`: it is misspelt, or the cell that makes it has not run (a runs all).",
            "No cell that has run made this name.",
        ),
        ("{close}", "{name:x} = ...  # before it is used"),
    ),
    "attribute-close": Text(
        ("{kind} has no `{name}`; it has `{close}`.", "There is no attribute of that name."),
        ("{x:x}.{close:requires_grad}",),
    ),
    "method-of-tensor": Text(
        (
            "`{name}` is a method of tensors, no function of torch's.",
            "This is a method of tensors, no function of torch's.",
        ),
        ("x.{name:view}(-1)",),
    ),
    "tuple-has-no-attribute": Text(
        (
            "{x:x} is a {kind} of {length}: a layer that gives several results (an LSTM: output and state), or a comma at a line's end.",
            "{x:x} is a {kind}, no tensor: several results, or a comma at a line's end.",
            "{x:x} is a tuple, no tensor.",
        ),
        ("{x:x}[0].{name:shape}  # of the first",),
    ),
    "grad-is-none": Text(
        "{x:x}.grad is None: there was no backward() yet, {x:x} had no part in it or is no leaf, or zero_grad() has cleared it.",
        ("loss.backward()  # before {x:x}.grad is used", "if {x:x}.grad is not None: {x:x}.grad.zero_()"),
    ),
    "none-returned": Text(
        "{x:x} is None: a function without `return` gives that, and so do methods like step() and zero_grad().",
        ("def f(x): return x.sum()  # the result has to be returned",),
    ),
    "number-has-no-attribute": Text(
        (
            "{x:This} is a Python {kind}, no tensor: .item() and Python's own arithmetic have left the graph.",
            "This is a Python number, no tensor.",
        ),
        ("{x:loss}.{name:backward}()  # on the tensor, before .item()", "torch.tensor(1.0)  # a tensor of a number"),
    ),
    "method-not-called": Text(
        ("`{method}` is a method: brackets call it.", "This is a method: brackets call it."),
        (("{fixed}", "x.size()[0]"),),
    ),
    "not-callable": Text(
        (
            "`{x}` is a {kind}, no function: elements are taken with square brackets.",
            "This is no function: elements are taken with square brackets.",
        ),
        (("{fixed}", "x.shape[0]"),),
    ),
    "keyword-close": Text(
        (
            "{function} knows no `{keyword}`; it knows `{close}`.",
            "There is no argument `{keyword}`; there is `{close}`.",
            "There is no argument of that name.",
        ),
        ("{close:requires_grad}={value:True}",),
    ),
    "unpack-count": Text(
        ("{x} is {x_shape}: that gives {count} values for {names} names.", "There are as many names as values."),
        (
            ("{targets} = {value}", "a, b = x.shape  # a name for each"),
            "first, *rest = {value:x.shape}  # whatever the number",
        ),
    ),
    "not-installed": Text(
        (
            "The package is called {meant}.",
            "{module} is not installed in the environment that this runs in.",
            "A package is not installed in the environment that this runs in.",
        ),
        (("import {meant}", "pip install {package:package}  # in the shell, in this environment"),),
    ),
    "number-not-iterable": Text(
        "A number is not walked through; range() counts up to it.",
        ("for {target:i} in range({number:10}): print({target:i})",),
    ),
}

_WARNINGS = {
    "grad-of-non-leaf": Text(
        "{y:y} is the result of an operation: backward() keeps gradients of leaves only, so {y:y}.grad is None.",
        ("{y:y}.retain_grad()  # before backward()",),
    ),
    "mse-broadcast": Text(
        (
            "The output is {out_shape}, the target {y_shape}: broadcasting compares every output with every target, so the loss is wrong.",
            "Output and target have different shapes: broadcasting compares every output with every target, so the loss is wrong.",
        ),
        (
            "{output:output} = {output:output}.squeeze({output_more})  # without the dimension of size 1",
            "{y:target} = {y:target}.squeeze({target_more})  # without the dimension of size 1",
            "{y:target} = {y:target}.reshape({output:output}.shape)  # if the order is right",
        ),
    ),
    "scheduler-before-optimizer": Text(
        "The scheduler went on before the optimizer took a step, so the first learning rate is never used.",
        ("optimizer.step(); scheduler.step()  # in this order",),
    ),
    "tensor-of-tensor": Text(
        "torch.tensor() copies the values and leaves the graph: no gradient goes through it.",
        ("{x:x}.clone()  # a copy within the graph", "{x:x}.detach().clone()  # a copy without it"),
    ),
    "softmax-dim": Text(
        (
            "{function} does not say along which dimension the sum is 1. For (batch, classes) it is 1.",
            "It does not say along which dimension the sum is 1. For (batch, classes) it is 1.",
        ),
        (("{call}", "torch.softmax(x, dim=1)"),),
    ),
    "t-of-many-dims": Text(
        "`.T` of more than two dimensions turns all of them round, the batch too.",
        ("{x:x}.mT  # each matrix of the batch", "{x:x}.transpose(0, 1)  # these two change places"),
    ),
    "too-many-workers": Text(
        (
            "{workers} worker processes share {most} processor core(s): they wait for each other.",
            "There are more worker processes than processor cores: they wait for each other.",
        ),
        (("{call}", "loader = DataLoader(data, num_workers=2)"),),
    ),
    "list-of-arrays": Text(
        "A list of arrays is read element by element; one array is copied at once.",
        ("torch.from_numpy(np.stack({list:arrays}))",),
    ),
    "read-only-array": Text(
        "The tensor shares the array's memory, which may not be written to.",
        ("torch.from_numpy({array:array}.copy())",),
    ),
    "number-with-graph": Text(
        "A Python number has no graph: no gradient goes through it.",
        ("{x:loss}.item()  # says that the graph is left on purpose",),
    ),
    "rnn-dropout": Text(
        "Dropout stands between stacked layers, and there is one layer: it does nothing.",
        (("{call}", "rnn = nn.LSTM(10, 20, num_layers=2, dropout=0.5)"),),
    ),
}

TABLE = {**_SHAPES, **_KINDS, **_AUTOGRAD, **_NETWORKS, **_DATA, **_PYTHON, **_WARNINGS}
