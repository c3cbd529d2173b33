"""简体中文: what went wrong, and what mends it."""

# ruff: noqa: E501  # a sentence is a line

from __future__ import annotations

from ptlearn_tui.locale.explained import Text

IS, COMMA = " 是 ", "，"
REPAIRS = ("改为 ", "或者 ")

_SHAPES = {
    "matmul-shapes": Text(
        (
            "`@` 用左边的最后一维去乘右边的行：{a} 是 {a_size}，{b} 是 {b_size}，两者必须相等。",
            "`@` 用左边的最后一维去乘右边的行：{a_size} 与 {b_size} 不相等。",
            "`@` 用左边的最后一维去乘右边的行，两者必须相等。",
        ),
        (
            "{vectors}  # 每个矩阵各乘一个向量",
            "{turned}  # 把其中一个转置",
            "{b:b} = torch.randn({a_size:3}, 2)  # 行数等于 {a:a} 的列数",
        ),
    ),
    "matrix-wanted": Text(
        "这个函数只接受固定维数的张量。`@`（matmul）既能乘向量和矩阵，也能乘成批的矩阵。",
        ("{a:a} @ {b:b}",),
    ),
    "linear-in-features": Text(
        (
            "{layer} 要求输入的最后一维有 {wants} 个特征，而输入的形状是 {x_shape}，最后一维是 {has}。",
            "Linear 层的 in_features 必须等于输入的最后一维，这里是 {a_size}。",
            "Linear 层的 in_features 必须等于输入的最后一维。",
        ),
        (
            "{x:x}.flatten(1)  # 除 batch 外展平成一维：{flat} 个特征",
            "{layer:layer} = nn.Linear({has:256}, {out:10})  # 按实际输入建层",
        ),
    ),
    "broadcast": Text(
        (
            "广播时形状从右往左逐维比较：要么相等，要么其中一个是 1。{a} 是 {a_shape}，{b} 是 {b_shape}：{a_size} 与 {b_size} 对不上。",
            "广播时形状从右往左逐维比较：要么相等，要么其中一个是 1。这里 {a_size} 与 {b_size} 对不上。",
            "广播时形状从右往左逐维比较：要么相等，要么其中一个是 1。",
        ),
        (
            "{flat:b} = {column}  # 变成一列：每行一个值",
            "{flat:b} = {turned}  # 转置",
            "print({a:a}.shape, {b:b}.shape)  # 从右往左：相等，或者是 1",
        ),
    ),
    "inplace-broadcast": Text(
        (
            "原地操作不能改变张量的形状：它是 [{a_sizes}]，而结果会是 [{all_sizes}]。",
            "原地操作不能改变张量的形状，而结果会更大。",
        ),
        (("{apart}  # 得到一个更大的新张量", "{a:a} = {a:a} + b  # 得到一个更大的新张量"),),
    ),
    "normalize-channels": Text(
        (
            "Normalize 给了 {wants} 个通道的均值，而图像只有 {has} 个通道。",
            "Normalize 要为图像的每个通道各给一个均值和一个标准差。",
        ),
        (
            "transforms.Normalize((0.5,), (0.5,))  # 单通道：MNIST",
            "transforms.Grayscale(3)  # 放在 ToTensor 之前：变成三通道",
        ),
    ),
    "reshape-size": Text(
        (
            "改变形状不改变元素个数：{x} 是 {x_shape}，共 {numel} 个，而 [{sizes}] 有 {product} 个。",
            "改变形状不改变元素个数：共有 {numel} 个，而 [{sizes}] 有 {product} 个。",
            "改变形状不改变元素个数：{numel} 个元素不能整除成 [{sizes}]。",
            "改变形状不改变元素个数，前后必须相等。",
        ),
        (
            "{x:x}.reshape({rows}, -1)  # -1：由其余各维推出",
            "{x:x}.reshape(-1, {columns})  # -1：由其余各维推出",
            "{x:x}.reshape({batch}, -1)  # 保持 batch 不变",
            "{x:x}.flatten()  # 展平成一维",
        ),
    ),
    "view-stride": Text(
        "view 只是换一种形状读同一块内存，而 {x:x} 的元素已不按这个顺序存放（经过 `t()`、`permute`、`transpose` 之后）。"
        "`reshape` 会在必要时复制。",
        ("{x:x}.reshape({sizes:-1})", "{x:x}.contiguous().view({sizes:-1})"),
    ),
    "cat-sizes": Text(
        (
            "`cat` 沿第 {dim} 维把张量首尾相接，其余各维必须相等，而 {a_size} 不等于 {b_size}。",
            "`cat` 沿一个维度把张量首尾相接，其余各维必须相等。",
        ),
        (
            "torch.cat({list:[a, b]}, dim={fits})  # 沿大小不同的那一维",
            "for x in {list:[a, b]}: print(x.shape)  # 只能有一维不同",
        ),
    ),
    "cat-dims": Text(
        (
            "`cat` 拼接的张量维数必须相同，这里是 {a_dims} 维和 {b_dims} 维。",
            "`cat` 拼接的张量维数必须相同。",
        ),
        ("{x:b} = {x:b}[None]  # 在最前面加一个大小为 1 的维度",),
    ),
    "stack-sizes": Text(
        (
            "`stack` 把形状相同的张量叠在一起：第 0 个是 [{a_sizes}]，第 {entry} 个是 [{b_sizes}]。",
            "`stack` 把形状相同的张量叠在一起。",
        ),
        (
            "torch.cat({list:[a, b]})  # 首尾相接",
            "nn.utils.rnn.pad_sequence({list:[a, b]}, batch_first=True)  # 短的用 0 补齐",
        ),
    ),
    "index-out-of-range": Text(
        (
            "下标从 0 数起：第 {dim} 维的大小是 {size}，下标在 {least} 到 {most} 之间，{index} 超出了范围。",
            "下标从 0 数起，所以最后一个下标是大小减 1。",
        ),
        ("{x:x}[{last:-1}]  # 最后一个", "{x:x}[{end:-1}]  # 最后一个，不论大小"),
    ),
    "too-many-indices": Text(
        (
            "{x} 有 {dims} 维，却给了 {given} 个下标：每一维最多一个。",
            "下标比维度多：这个张量只有 {dims} 维。",
            "下标比维度多。",
        ),
        ("{x:x}[{some:0}]", "{x:x}.shape  # 每一维对应一个下标"),
    ),
    "zero-dim": Text(
        "{x:x} 是一个标量：0 维张量没有元素可供取下标、求长度或遍历。",
        ("{x:x}.item()  # 取出 Python 数", "{x:x}[None]  # 变成只有一个元素的向量"),
    ),
    "mask-shape": Text(
        (
            "掩码对每个元素给出是或否：它的形状是 [{mask_sizes}]，而张量是 [{x_sizes}]。",
            "掩码对每个元素给出是或否，所以形状要和张量相同。",
        ),
        ("{x:x}[{x:x} > 0]  # 由张量自己得到的掩码",),
    ),
    "assign-shape": Text(
        (
            "赋的值要和所在位置形状相同，或者能广播过去：位置是 [{place_sizes}]，值是 [{value_sizes}]。",
            "赋的值要和所在位置形状相同，或者能广播过去。",
        ),
        ("{target:x[:]} = torch.zeros({place_sizes:3})  # 形状相同的值", "{target:x[:]} = 0  # 全部赋同一个数"),
    ),
    "expand-sizes": Text(
        (
            "`expand` 只重复大小为 1 的维度，不复制数据。第 {dim} 维的大小是 {old}，不能变成 {new}。",
            "`expand` 只重复大小为 1 的维度，不复制数据，其余维度保持不变。",
        ),
        (
            "{x:x}[{one:..., :1}].expand({sizes:-1, 4})  # 取第一个来重复",
            "{x:x}.repeat_interleave(2, dim=-1)  # 复制，每个元素两次",
        ),
    ),
    "permute-dims": Text(
        (
            "`permute` 要把 {x} 的 {dims} 个维度按新顺序各写一次。",
            "`permute` 要把张量的每个维度按新顺序各写一次。",
        ),
        ("{x:x}.permute({order:1, 0})  # 最后一维移到最前", "{x:x}.transpose(0, 1)  # 只交换这两维"),
    ),
    "dim-out-of-range": Text(
        (
            "{x} 的形状是 {x_shape}，维度只能取 {low} 到 {high}，{dim} 超出了范围。",
            "这里的维度只能取 {low} 到 {high}，{dim} 超出了范围。",
            "张量没有这个维度。",
        ),
        ("{call}  # 沿最后一维", "{x:x}[None]  # 在最前面加一个大小为 1 的维度"),
    ),
    "t-dims": Text(
        ("`t()` 只转置矩阵，而这个张量有 {dims} 维。", "`t()` 只转置矩阵。"),
        ("{x:x}.mT  # 转置这一批里的每个矩阵", "{x:x}.transpose(0, 1)  # 交换这两维"),
    ),
    "einsum": Text(
        (
            "同一个字母在各处代表同样的大小：`{letter}` 在一个张量里是 {a_size}，在另一个里是 {b_size}。",
            "张量的每一维对应一个字母：{letters} 个字母对不上 {dims} 维。",
            "`einsum` 里每一维一个字母，张量之间用逗号，`->` 之后只能用前面出现过的字母。",
        ),
        ("torch.einsum('ij,jk->ik', a, b)  # a 是 i×j，b 是 j×k",),
    ),
    "ragged-list": Text(
        (
            "张量各行一样长，而这里一行有 {length} 个元素，另一行有 {got} 个。",
            "张量各行必须一样长。",
        ),
        ("nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)  # 短的用 0 补齐",),
    ),
}

_KINDS = {
    "dtype-mismatch": Text(
        (
            "{layer} 的权重是 {wants}，输入是 {has}：两种 dtype 不能混用。",
            "{x} 是 {has}，另一个是 {wants}：矩阵乘法和网络层不能混用 dtype。",
            "{a_dtype} 遇上了 {b_dtype}：矩阵乘法和网络层不能混用 dtype。",
            "矩阵乘法和网络层不能混用 dtype。",
        ),
        (
            "{x:x} = {x:x}.to(torch.{wants:float32})",
            "{x:x} = torch.tensor(data, dtype=torch.{wants:float32})  # 创建时就指定",
        ),
    ),
    "long-wanted": Text(
        (
            "类别编号和下标是整数，要用 int64，而 {x} 是 {has}。",
            "类别编号和下标是整数，要用 int64（Long）。",
        ),
        ("{x:y} = {x:y}.long()", "{x:y} = torch.tensor([0, 2, 1])  # 不写小数点就是 int64"),
    ),
    "float-wanted": Text(
        (
            "{x} 是 {has}，而这个运算的结果带小数，需要浮点数。",
            "这个运算的结果带小数，需要浮点数。",
        ),
        ("{x:x} = {x:x}.float()", "{x:x} = torch.tensor([1.0, 2.0])  # 写上小数点就是 float32"),
    ),
    "inplace-dtype": Text(
        (
            "原地操作不能改变张量的 dtype：{result} 的结果放不进 {has}。",
            "原地操作不能改变张量的 dtype。",
        ),
        (("{apart}  # 得到新张量", "{x:x} = {x:x} + 0.5  # 得到新张量"), "{x:x} = {x:x}.float()  # 放在前面"),
    ),
    "minus-of-bools": Text(
        "布尔张量不能相减或取负。取反用 `~`；当作数时，True 是 1，False 是 0。",
        ("~{x:mask}  # 取反", "{x:mask}.int()  # 变成 1 和 0 再计算"),
    ),
    "dtype-by-name": Text(
        (
            "dtype 是 torch 的对象 torch.{name}，不是字符串，也不是 NumPy 的类型。",
            "dtype 是 torch 的对象，不是字符串，也不是 NumPy 的类型。",
        ),
        (("{call}", "torch.ones(2, dtype=torch.float32)"),),
    ),
    "device-by-name": Text(
        (
            '没有名为 "{name}" 的设备。可用的名字有 cpu、cuda（cuda:0、cuda:1……）和 mps。',
            "设备的名字有 cpu、cuda（cuda:0、cuda:1……）和 mps。",
        ),
        ('device = "cuda" if torch.cuda.is_available() else "cpu"',),
    ),
    "device-mismatch": Text(
        (
            "{x} 在 {x_device} 上，{other} 在 {device} 上：一次运算只能在同一个设备上进行。",
            "一个在 {x_device} 上，另一个在 {device} 上：一次运算只能在同一个设备上进行。",
            "一次运算只能在同一个设备上进行：模型和数据要放在一起。",
        ),
        (
            '{x:x} = {x:x}.to("{device:cuda}")',
            "net = net.to(device); {x:x} = {x:x}.to(device)  # 训练之前把两者都移过去",
        ),
    ),
    "cuda-missing": Text(
        "PyTorch 找不到 NVIDIA GPU：没有显卡，驱动缺失或过旧，或者这个 torch 不带 CUDA。运行 `ptlearn-tui doctor` 可知是哪一种。",
        ('device = "cuda" if torch.cuda.is_available() else "cpu"',),
    ),
    "cuda-assert": Text(
        "GPU 遇到了越界的下标，多半是类别编号超出了输出个数。GPU 报错有延迟，所指的行可能不对，在 CPU 上则报得准确。"
        "之后要重启内核（R）。",
        ('net = net.to("cpu"); x = x.to("cpu"); y = y.to("cpu")  # 看准确的报错',),
    ),
    "out-of-memory": Text(
        (
            "显存不够：还要 {size}。占用最多的是激活值，它随 batch 增大。",
            "显存不够。占用最多的是激活值，它随 batch 增大。",
        ),
        ("batch_size = 32  # 减半，或更小", "total += loss.item()  # 取出数值：`total += loss` 会保留每一步的计算图"),
    ),
    "too-much-memory": Text(
        (
            "这个内核的代码格最多可用 {limit} 内存，已占用 {held}：请减小规模，用 `del` 删去不再需要的，"
            "或者在机器允许时用 PTLEARN_MEMORY 调高上限",
            "机器没有这么多内存：一次就要 {size}。",
            "机器没有这么多内存。",
        ),
        ("del big  # 删去不再需要的", "x = x[:1000]  # 一次只处理一部分"),
    ),
    "numpy-requires-grad": Text(
        "NumPy 不认识梯度：{x:x} 要先脱离计算图。",
        ("{x:x}.detach().numpy()", "{x:x}.tolist()  # 普通的 Python 数"),
    ),
    "numpy-on-gpu": Text(
        (
            "NumPy 只在 CPU 内存里工作，而 {x:x} 在 {device} 上。",
            "NumPy 只在 CPU 内存里工作，而 {x:x} 在别的设备上。",
        ),
        ("{x:x}.cpu().numpy()", "{x:x}.detach().cpu().numpy()  # 需要梯度时"),
    ),
    "item-of-many": Text(
        (
            "只有一个元素的张量才能变成 Python 数，而 {x:x} 有 {numel} 个。",
            "只有一个元素的张量才能变成 Python 数。",
        ),
        ("{x:x}.tolist()  # 全部元素的列表", "{x:x}.sum().item()  # 合成一个数"),
    ),
    "list-of-tensors": Text(
        "torch.tensor() 由数来创建张量；一组张量要用 stack 叠起来。",
        ("torch.stack({list:[a, b]})  # 在最前面增加一维", "torch.cat({list:[a, b]})  # 首尾相接"),
    ),
    "bool-of-many": Text(
        "`if`、`while`、`and`、`or` 要的是一个真假值，而多元素张量的每个元素各有一个。",
        ("{test:(a == b)}.all()  # 全部为真", "{test:(a == b)}.any()  # 至少一个为真"),
    ),
    "loss-arguments": Text(
        "{loss:损失函数} 是一个类：第一对括号里写选项，第二对括号里才传张量。",
        (
            ("{call}", "nn.CrossEntropyLoss()(output, target)"),
            "criterion = nn.{loss:CrossEntropyLoss}()  # 先建一次，再用 criterion(output, target)",
        ),
    ),
    "tuple-for-tensor": Text(
        "{x:x} 是一个元组，里面有几个结果，比如 LSTM 返回（输出，状态），带下标的池化也是；要取出其中一个。",
        ("{x:x}[0]  # 取第一个", "out, state = {x:x}"),
    ),
    "tensor-wanted": Text(
        ("这里要的是张量，给的却是 {kind}。", "这里要的是张量。"),
        ("torch.as_tensor({x:x}, dtype=torch.float32)",),
    ),
    "tensors-in-a-list": Text(
        "要拼接的张量应放在一个列表里传入。",
        (("{function}([{all}])", "torch.cat([a, b])"),),
    ),
    "not-numbers": Text(
        ("张量里只能存数，{kind} 不是数。", "张量里只能存数，不能存文本。"),
        (
            "torch.tensor([float(word) for word in words])  # 写成文本的数",
            'number = {{"cat": 0, "dog": 1}}[word]  # 每个词对应一个数',
        ),
    ),
}

_AUTOGRAD = {
    "needs-grad": Text(
        "{loss:loss} 没有可以反向传播的计算图：参与计算的张量都没有设 requires_grad=True，或者它产生于 torch.no_grad() 之内、"
        "detach() 之后，或来自 .item()。",
        (
            "w = torch.ones(3, requires_grad=True)  # 在使用之前设好",
            "loss = criterion(net(x), y)  # 不在 no_grad 里，中途不 detach",
        ),
    ),
    "backward-twice": Text(
        "backward() 会释放计算图保存的中间结果，所以一张图只能走一遍。每一步都要重新前向计算，得到新的计算图。",
        (
            "loss = criterion(net(x), y); loss.backward()  # 每一步都重新计算",
            "{loss:loss}.backward(retain_graph=True)  # 若要走两遍，第一遍这样写",
        ),
    ),
    "inplace-version": Text(
        (
            "{operator} 为反向传播保存了结果 [{sizes}]，之后它被原地修改了（{now} 次），算出的梯度会是错的。",
            "反向传播需要的一个张量（形状 [{sizes}]）被原地修改过（版本是 {now}，应为 {then}），算出的梯度会是错的。",
            "反向传播需要的一个张量被原地修改过，算出的梯度会是错的。",
        ),
        ("y = y + 1  # 得到新张量，代替 y += 1 或 y.add_(1)", "y = y.clone()  # 原地修改之前先复制"),
    ),
    "leaf-inplace": Text(
        "{x:x} 是需要梯度的叶子张量：原地修改之后，它就不再是要求梯度的那个值了。",
        (
            "with torch.no_grad(): {line:w -= 0.1 * w.grad}  # 更新参数，不记入计算图",
            "{x:w} = {x:w}.clone()  # 副本在计算图里，可以修改",
        ),
    ),
    "scalar-only-backward": Text(
        (
            "backward() 从一个标量出发，而 {loss} 的形状是 {loss_shape}。先化为一个数，或者给出 vᵀJ 中的向量 v。",
            "backward() 从一个标量出发。先化为一个数，或者给出 vᵀJ 中的向量 v。",
        ),
        ("{loss:loss}.mean().backward()", "{loss:y}.backward(torch.ones_like({loss:y}))  # v 全为 1"),
    ),
    "backward-shape": Text(
        (
            "vᵀJ 中的向量 v 要和结果形状相同：结果是 [{y_sizes}]，v 是 [{given_sizes}]。",
            "vᵀJ 中的向量 v 要和结果形状相同。",
        ),
        ("{y:y}.backward(torch.ones_like({y:y}))",),
    ),
    "requires-grad-of-ints": Text(
        "梯度描述微小的变化，而整数一变就是 1：只有浮点张量才能设 requires_grad。",
        (
            ("{call}", "{x:x} = {x:x}.float().requires_grad_()"),
            "torch.tensor([1.0, 2.0], requires_grad=True)  # 写上小数点就是 float32",
        ),
    ),
    "requires-grad-of-result": Text(
        "{x:x} 是运算的结果：它需要梯度，是因为输入需要梯度。detach() 取出它的值，不带计算图。",
        ("{x:x} = {x:x}.detach()",),
    ),
    "deepcopy-of-result": Text(
        "{x:x} 是运算的结果，连着计算图；只有叶子张量才能深拷贝。",
        ("{x:x}.detach().clone()  # 只要值，不要计算图", "{x:x}.clone()  # 仍在计算图里"),
    ),
    "grad-unused": Text(
        "其中一个张量没有参与计算，所以没有梯度。",
        (("{call}  # 它的梯度是 None", "torch.autograd.grad(y, x, allow_unused=True)  # 它的梯度是 None"),),
    ),
    "inference-tensor": Text(
        "在 torch.inference_mode() 里产生的张量永远不能进入计算图。",
        ("with torch.no_grad(): y = torch.ones(2)  # 代替 inference_mode", "y = y.clone()  # 在外面复制，得到普通张量"),
    ),
}

_NETWORKS = {
    "conv-channels": Text(
        (
            "{layer} 要求 {wants} 个通道，而输入是 {x_shape}，通道的位置上是 {has}：顺序是（batch，通道，高，宽）。",
            "这一层要求 {wants} 个通道，而输入是 {x_shape}，通道的位置上是 {has}：顺序是（batch，通道，高，宽）。",
            "这一层要求的通道数和输入的不同：顺序是（batch，通道，高，宽）。",
        ),
        (
            "{x:x} = {x:x}.permute({order})  # 原来通道在最后",
            "{x:x} = {x:x}.unsqueeze(1)  # {batch} 张单通道图像",
            "{x:x} = {x:x}.mean({grey}, keepdim=True)  # 变成灰度",
            "{layer:conv} = nn.Conv2d({has:3}, {out:6}, {kernel:5})  # 按实际输入建层",
        ),
    ),
    "conv-dims": Text(
        (
            "图像的形状应为（batch，通道，高，宽），而输入是 {x_shape}。",
            "图像的形状应为（batch，通道，高，宽）。",
        ),
        (("{batched}  # batch 为 1，一个通道", "{x:x} = {x:x}.reshape(-1, 1, 28, 28)  # 还原展平过的图像"),),
    ),
    "conv-too-small": Text(
        (
            "卷积核 {kernel} 比到达这一层的图像（连同填充是 {size}）还大。",
            "卷积核比到达这一层的图像还大。",
        ),
        ("{layer:conv} = {conv}  # 四周补 0", "x = nn.functional.pad(x, (2, 2, 2, 2))  # 进入第一层之前，每边补 2"),
    ),
    "pool-too-small": Text(
        (
            "池化之后什么都不剩：{size}（通道，高，宽）会变成 {result}。",
            "图像太小，池化之后什么都不剩。",
        ),
        (
            "nn.AdaptiveAvgPool2d(1)  # 适应任何大小",
            "x = nn.functional.interpolate(x, size=32)  # 进入第一层之前放大图像",
        ),
    ),
    "batchnorm-one-value": Text(
        (
            "训练时，批归一化在一个 batch 上求均值和方差，而 [{given}] 的每个通道只有一个值。",
            "训练时，批归一化在一个 batch 上求均值和方差，一个值没有方差。",
        ),
        (
            "net.eval()  # 只是试用：改用累计的均值和方差",
            "loader = DataLoader(data, batch_size=32, drop_last=True)  # 不留只有一个样本的末尾 batch",
        ),
    ),
    "norm-features": Text(
        (
            "{layer} 是为 {wants} 个特征建的，而输入 {x_shape} 有 {has} 个。",
            "这一层是为 {wants} 个特征建的，而输入有 {has} 个。",
            "这一层是为另一个特征数建的。",
        ),
        ("{layer:norm} = nn.{kind:BatchNorm1d}({has:64})",),
    ),
    "norm-dims": Text(
        (
            "这一层要求 {wants} 输入，而这里是 {has}D：1d 用于（batch，特征），2d 用于（batch，通道，高，宽）。",
            "BatchNorm1d 用于（batch，特征），BatchNorm2d 用于（batch，通道，高，宽）。",
        ),
        ("{layer:norm} = nn.{right:BatchNorm1d}({features:64})",),
    ),
    "embedding-index": Text(
        (
            "{layer} 的行号是 0 到 {most}，而最大的下标是 {largest}。",
            "嵌入层的行号是 0 到 num_embeddings - 1，有下标超出了范围。",
        ),
        ("{layer:embedding} = nn.Embedding({needed:1000}, {size:64})  # 有多少个词就有多少行",),
    ),
    "target-out-of-range": Text(
        (
            "输出有 {classes} 类，编号 0 到 {most}，而目标里有 {target}。",
            "类别编号从 0 到输出个数减 1，而目标里有 {target}。",
            "类别编号从 0 到输出个数减 1。",
        ),
        (
            "{y:y} = {y:y} - {from_one}  # 编号是从 1 数起的",
            "last = nn.Linear(84, {needed:10})  # 有多少类就有多少个输出",
        ),
    ),
    "one-hot-classes": Text(
        "类别编号从 0 到 num_classes - 1。",
        ("nn.functional.one_hot({x:y}, num_classes={needed:10})",),
    ),
    "batch-mismatch": Text(
        (
            "输出 {out_shape} 有 {output_batch} 个样本，目标 {y_shape} 有 {target_batch} 个。"
            "常见原因是 forward 里的 view(-1, …) 把 batch 和特征混在了一起。",
            "{output_batch} 个输出对不上 {target_batch} 个目标。常见原因是 forward 里的 view(-1, …) 把 batch 和特征混在了一起。",
            "输出和目标的样本数不同。",
        ),
        (
            "x = x.flatten(1)  # 保持 batch 不变，代替 view(-1, …)",
            "{output:output} = {output:output}[:len({y:y})]  # 若确实多出了输出",
        ),
    ),
    "target-shape": Text(
        (
            "目标是每个样本一个类别编号，形状为（batch，），而这里是 {y_shape}。",
            "目标是每个样本一个类别编号，形状为（batch，）。",
        ),
        ("{y:y} = {y:y}.squeeze({narrow})  # 去掉大小为 1 的维度", "{y:y} = {y:y}.argmax(1)  # 由独热编码得到类别编号"),
    ),
    "one-hot-target": Text(
        (
            "目标和输出形状相同（{y_shape}）时，会被当作概率，而概率是浮点数。",
            "目标和输出形状相同时，会被当作概率，而概率是浮点数。",
        ),
        ("{y:y} = {y:y}.argmax(1)  # 类别编号", "{y:y} = {y:y}.float()  # 概率"),
    ),
    "bce-range": Text(
        "BCELoss 要的是 0 到 1 之间的概率，这里超出了范围。带 logits 的损失函数直接接受网络层的输出。",
        (
            "nn.BCEWithLogitsLoss()({output:output}, {y:target})",
            "nn.BCELoss()(torch.sigmoid({output:output}), {y:target})",
        ),
    ),
    "loss-sizes": Text(
        (
            "输出和目标逐元素比较：{out_shape} 和 {y_shape} 必须形状相同。",
            "输出和目标逐元素比较，形状必须相同。",
        ),
        (
            "{output:output} = {output:output}.squeeze({output_more})  # 去掉大小为 1 的维度",
            "{y:target} = {y:target}.squeeze({target_more})  # 去掉大小为 1 的维度",
            "{y:target} = {y:target}.reshape({output:output}.shape)  # 若顺序本来就对",
        ),
    ),
    "rnn-input-size": Text(
        (
            "{layer} 要求输入的最后一维有 {wants} 个特征，而 {x_shape} 有 {has} 个。",
            "这一层要求输入的最后一维有 {wants} 个特征，而这里有 {has} 个。",
            "input_size 必须等于输入的最后一维。",
        ),
        ("{layer:rnn} = nn.{kind:LSTM}({has:10}, {hidden:20})",),
    ),
    "state-dict-keys": Text(
        (
            '文件里权重的名字不同：缺少 "{missing}"，却有 "{unexpected}"。文件里的名字都以 "{prefix}" 开头。',
            '文件里权重的名字不同：缺少 "{missing}"，却有 "{unexpected}"。是同一个网络吗？',
            '网络里有 "{missing}"，文件里没有。是同一个网络吗？',
            '文件里有 "{unexpected}"，网络里没有。是同一个网络吗？',
            "文件里的名字和网络的不一致。是同一个网络吗？",
        ),
        (
            '{net:net}.load_state_dict({{key.removeprefix("{prefix}"): value for key, value in {state:state}.items()}})',
            "{net:net}.load_state_dict({state:state}, strict=False)  # 对不上的保持原样",
        ),
    ),
    "state-dict-sizes": Text(
        (
            "{key} 在文件里是 {file_shape}，在网络里是 {model_shape}：建网络时用了不同的大小。",
            "这个网络的大小和保存时的不同。",
        ),
        (
            "{{key: value.shape for key, value in {state:state}.items()}}  # 按这些大小建网络",
            '{net:net}.load_state_dict({{**{state:state}, "{key:fc.weight}": {net:net}.state_dict()["{key:fc.weight}"]}})  # 这一项保留网络自己的',
        ),
    ),
    "state-dict-wanted": Text(
        "load_state_dict() 要的是名字和张量，即 state_dict() 的结果、torch.load() 读出的内容，而不是网络或路径。",
        ("{net:net}.load_state_dict({state:net}.state_dict())", '{net:net}.load_state_dict(torch.load("net.pt"))'),
    ),
    "no-super-init": Text(
        "给网络加层、使用网络之前，nn.Module 自己要先初始化，这由它的 __init__ 来做。",
        ("super().__init__()  # 写在自己的 __init__ 的第一行",),
    ),
    "forward-missing": Text(
        (
            "{net} 没有 forward()，却有 {close}()。",
            "{net} 没有 forward()。它缩进在类里面吗？",
            "这个网络没有 forward()。它缩进在类里面吗？",
        ),
        ("def forward(self, x): return x  # 就叫这个名字，写在类里面",),
    ),
    "forward-arguments": Text(
        (
            "forward() 连 self 在内接受 {takes} 个参数，却收到 {given} 个：定义里少了 `self` 或某个参数。",
            "调用 forward() 时缺少 {missing}：调用网络时要传入。",
            "调用网络时传入的，就是 forward() 里 self 之后的参数。",
        ),
        ("def forward(self, x): return x  # 先写 self，再写输入", "{call:net}(x)"),
    ),
    "not-a-module": Text(
        ("Sequential 要一个一个地传入层，{kind} 不是层。", "Sequential 要一个一个地传入层。"),
        (("nn.Sequential(*{layers})  # 星号把列表展开", "nn.Sequential(nn.Flatten(), nn.ReLU())  # 函数要用对应的类"),),
    ),
    "optimizer-empty": Text(
        "网络还没有参数：没有层，层放在普通列表里，或者 parameters() 已经被用完了。",
        (
            "self.layers = nn.ModuleList(layers)  # 代替普通列表",
            "optimizer = {optimizer:torch.optim.SGD}(net.parameters(){rest:, lr=0.1})",
        ),
    ),
    "optimizer-non-leaf": Text(
        "{x:w} 是运算的结果，而优化器只更新叶子张量，即不由计算得来的张量。",
        ("{x:w} = {x:w}.detach().requires_grad_()  # 值相同的叶子张量",),
    ),
    "optimizer-not-parameters": Text(
        "优化器要的是参数，即 net.parameters() 的结果，或者一个张量列表。",
        (
            "{optimizer:torch.optim.SGD}([{tensor}]{rest:, lr=0.1})  # 只有一个元素的列表",
            "{optimizer:torch.optim.SGD}({net:net}.parameters(){rest:, lr=0.1})",
        ),
    ),
}

_DATA = {
    "file-not-found": Text(
        (
            "没有 {path}，但有 {close}。",
            "没有 {no_folder} 这个文件夹。相对路径从程序启动的地方算起。",
            "没有 {path}：相对路径从程序启动的地方算起，这里是 {folder}。",
            "没有 {path}。相对路径从程序启动的地方算起。",
            "没有这个文件。",
        ),
        ('path = "{close}"', "import os; print(os.getcwd(), os.listdir())  # 路径从哪里算起，那里有什么"),
    ),
    "load-weights-only": Text(
        "torch.load() 只读张量和普通的值，因为读取其他对象时可能会执行代码。这个文件里存的是整个对象。",
        (
            "torch.save(net.state_dict(), {path:path}); net.load_state_dict(torch.load({path:path}))  # 只保存权重",
            ("{call}  # 只用于可信的文件", "torch.load(path, weights_only=False)  # 只用于可信的文件"),
        ),
    ),
    "load-on-cpu": Text(
        "文件是在 GPU 上保存的，而这里没有 GPU：要把其中的张量放到 CPU 上。",
        (("{call}", 'torch.load(path, map_location="cpu")'),),
    ),
    "load-broken": Text(
        "这不是完整的检查点：保存或下载时中断了，是空文件，或者是别的文件。",
        ("torch.save(net.state_dict(), {path:path})  # 重新保存，或者重新下载",),
    ),
    "dataloader-collate": Text(
        (
            "一个 batch 要把样本叠起来，形状必须相同，而这里有 [{a_sizes}] 和 [{b_sizes}]。",
            "一个 batch 要把样本叠起来，形状必须相同。",
        ),
        (
            "transforms.Resize((32, 32))  # 放在 ToTensor 之前，把图像变成同样大小",
            "loader = DataLoader(data, batch_size=2, collate_fn=list)  # 得到列表，而不是张量",
        ),
    ),
    "collate-kind": Text(
        (
            "batch 由张量、数组和数组成，而 __getitem__ 返回了 {kind}。",
            "batch 由张量、数组和数组成。",
        ),
        (
            "transform = transforms.ToTensor()  # 把图像变成张量",
            "loader = DataLoader(data, batch_size=2, collate_fn=list)  # 得到列表，而不是张量",
        ),
    ),
    "dataset-no-len": Text(
        ("{dataset} 没有说明有多少个样本，而打乱和计数都需要知道。", "数据集没有说明有多少个样本。"),
        ("def __len__(self): return len(self.images)  # 写在数据集的类里",),
    ),
    "dataset-no-getitem": Text(
        ("{dataset} 没有说明第 `index` 个样本是什么。", "数据集没有说明样本是什么。"),
        ("def __getitem__(self, index): return self.images[index], self.labels[index]  # 写在它的类里",),
    ),
    "dataset-empty": Text(
        "数据集里没有样本：它去找的地方什么也没有，或者 __len__ 返回 0。",
        ("print(len(data))  # 在建 DataLoader 之前",),
    ),
    "dataset-not-found": Text(
        "那个文件夹里没有数据。download=True 会下载一次。",
        (("{call}", 'datasets.MNIST("data", download=True)'),),
    ),
    "loader-by-index": Text(
        "DataLoader 一个接一个地给出 batch，不能按编号取。",
        ("x = next(iter({loader:loader}))  # 第一个 batch", "for x in {loader:loader}: print(x)"),
    ),
    "to-tensor-twice": Text(
        "ToTensor 把图像和数组变成张量，而这已经是张量了。",
        ("x = x.float() / 255  # 若里面是 0 到 255 的字节",),
    ),
    "transform-order": Text(
        "Normalize 处理的是张量：ToTensor 要放在它前面。",
        ("transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])",),
    ),
}

_PYTHON = {
    "full-width": Text(
        (
            "`{character}` 是中文输入法打出的全角字符，代码里要用半角的 `{half}`。",
            "`{character}` 是中文输入法打出的全角字符，代码里要用半角字符。",
            "代码里的括号、逗号和引号要用半角。",
        ),
        (("{line}", "print(x)  # 半角的括号、逗号和引号"),),
    ),
    "not-imported": Text(
        ("这个内核里还没有导入 `{name}`。", "这个内核里还没有导入它。"),
        ("{statement:import torch}",),
    ),
    "name-unknown": Text(
        (
            "运行过的代码格都没有定义 `{name}`，但有 `{close}`。",
            "运行过的代码格都没有定义 `{name}`：可能拼错了，或者定义它的代码格还没有运行（按 a 全部运行）。",
            "运行过的代码格都没有定义这个名字。",
        ),
        ("{close}", "{name:x} = ...  # 在使用之前"),
    ),
    "attribute-close": Text(
        ("{kind} 没有 `{name}`，但有 `{close}`。", "没有这个名字的属性。"),
        ("{x:x}.{close:requires_grad}",),
    ),
    "method-of-tensor": Text(
        ("`{name}` 是张量的方法，不是 torch 的函数。", "这是张量的方法，不是 torch 的函数。"),
        ("x.{name:view}(-1)",),
    ),
    "tuple-has-no-attribute": Text(
        (
            "{x:x} 是含 {length} 个元素的 {kind}：这一层返回多个结果（如 LSTM 的输出和状态），或者行末多了一个逗号。",
            "{x:x} 是 {kind}，不是张量：有多个结果，或者行末多了一个逗号。",
            "{x:x} 是元组，不是张量。",
        ),
        ("{x:x}[0].{name:shape}  # 取第一个",),
    ),
    "grad-is-none": Text(
        "{x:x}.grad 是 None：还没有调用 backward()，{x:x} 没有参与计算或者不是叶子张量，或者被 zero_grad() 清掉了。",
        ("loss.backward()  # 在使用 {x:x}.grad 之前", "if {x:x}.grad is not None: {x:x}.grad.zero_()"),
    ),
    "none-returned": Text(
        "{x:x} 是 None：没有写 `return` 的函数返回它，step()、zero_grad() 这样的方法也返回它。",
        ("def f(x): return x.sum()  # 结果要用 return 返回",),
    ),
    "number-has-no-attribute": Text(
        (
            "{x:它} 是 Python 的 {kind}，不是张量：.item() 和 Python 自己的运算已经脱离了计算图。",
            "这是 Python 数，不是张量。",
        ),
        ("{x:loss}.{name:backward}()  # 对张量调用，在 .item() 之前", "torch.tensor(1.0)  # 由数得到张量"),
    ),
    "method-not-called": Text(
        ("`{method}` 是方法，要加括号才会调用。", "这是方法，要加括号才会调用。"),
        (("{fixed}", "x.size()[0]"),),
    ),
    "not-callable": Text(
        ("`{x}` 是 {kind}，不是函数：取元素用方括号。", "这不是函数：取元素用方括号。"),
        (("{fixed}", "x.shape[0]"),),
    ),
    "keyword-close": Text(
        (
            "{function} 没有参数 `{keyword}`，但有 `{close}`。",
            "没有参数 `{keyword}`，但有 `{close}`。",
            "没有这个名字的参数。",
        ),
        ("{close:requires_grad}={value:True}",),
    ),
    "unpack-count": Text(
        ("{x} 是 {x_shape}：有 {count} 个值，却写了 {names} 个名字。", "名字和值的个数要相同。"),
        (("{targets} = {value}", "a, b = x.shape  # 每个值一个名字"), "first, *rest = {value:x.shape}  # 不论有多少个"),
    ),
    "not-installed": Text(
        (
            "这个包的名字是 {meant}。",
            "当前环境里没有安装 {module}。",
            "当前环境里没有安装这个包。",
        ),
        (("import {meant}", "pip install {package:package}  # 在终端里，用同一个环境"),),
    ),
    "number-not-iterable": Text(
        "数不能遍历，range() 才会从 0 数到它前面。",
        ("for {target:i} in range({number:10}): print({target:i})",),
    ),
}

_WARNINGS = {
    "grad-of-non-leaf": Text(
        "{y:y} 是运算的结果：backward() 只保留叶子张量的梯度，所以 {y:y}.grad 是 None。",
        ("{y:y}.retain_grad()  # 在 backward() 之前",),
    ),
    "mse-broadcast": Text(
        (
            "输出是 {out_shape}，目标是 {y_shape}：广播会让每个输出都和每个目标比较，得到的损失是错的。",
            "输出和目标形状不同：广播会让每个输出都和每个目标比较，得到的损失是错的。",
        ),
        (
            "{output:output} = {output:output}.squeeze({output_more})  # 去掉大小为 1 的维度",
            "{y:target} = {y:target}.squeeze({target_more})  # 去掉大小为 1 的维度",
            "{y:target} = {y:target}.reshape({output:output}.shape)  # 若顺序本来就对",
        ),
    ),
    "scheduler-before-optimizer": Text(
        "优化器还没有更新，学习率调度器就先走了一步，第一个学习率永远用不上。",
        ("optimizer.step(); scheduler.step()  # 按这个顺序",),
    ),
    "tensor-of-tensor": Text(
        "torch.tensor() 只复制值，脱离了计算图：梯度不会从这里传过去。",
        ("{x:x}.clone()  # 副本仍在计算图里", "{x:x}.detach().clone()  # 副本不带计算图"),
    ),
    "softmax-dim": Text(
        (
            "{function} 没有说明沿哪一维求和为 1。对（batch，类别）来说是 1。",
            "没有说明沿哪一维求和为 1。对（batch，类别）来说是 1。",
        ),
        (("{call}", "torch.softmax(x, dim=1)"),),
    ),
    "t-of-many-dims": Text(
        "超过两维时，`.T` 会把所有维度都颠倒过来，batch 也在内。",
        ("{x:x}.mT  # 转置这一批里的每个矩阵", "{x:x}.transpose(0, 1)  # 交换这两维"),
    ),
    "too-many-workers": Text(
        (
            "{workers} 个工作进程共用 {most} 个处理器核心：它们会互相等待。",
            "工作进程比处理器核心还多：它们会互相等待。",
        ),
        (("{call}", "loader = DataLoader(data, num_workers=2)"),),
    ),
    "list-of-arrays": Text(
        "数组的列表要逐个元素读取；合成一个数组就能一次复制。",
        ("torch.from_numpy(np.stack({list:arrays}))",),
    ),
    "read-only-array": Text(
        "张量和数组共用内存，而这块内存不允许写入。",
        ("torch.from_numpy({array:array}.copy())",),
    ),
    "number-with-graph": Text(
        "Python 数没有计算图：梯度不会从这里传过去。",
        ("{x:loss}.item()  # 表明是有意脱离计算图",),
    ),
    "rnn-dropout": Text(
        "dropout 加在堆叠的各层之间，而这里只有一层：它不起作用。",
        (("{call}", "rnn = nn.LSTM(10, 20, num_layers=2, dropout=0.5)"),),
    ),
}

TABLE = {**_SHAPES, **_KINDS, **_AUTOGRAD, **_NETWORKS, **_DATA, **_PYTHON, **_WARNINGS}
