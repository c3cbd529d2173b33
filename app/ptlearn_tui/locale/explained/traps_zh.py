"""简体中文: traps that were detected while code ran."""

# a sentence is a line

from __future__ import annotations

from ptlearn_tui.locale.explained import Text

TRAPS = {
    "no-zero-grad": Text(
        "backward() 会把梯度累加到 .grad 上，而上一步之后没有清零：每一步用的都是到目前为止所有梯度的和。",
        ("optimizer.zero_grad()  # 每一步都在 backward() 之前",),
    ),
    "zero-grad-before-step": Text(
        "在 backward() 和 step() 之间清了梯度：优化器没有梯度可用。",
        ("optimizer.zero_grad(); loss.backward(); optimizer.step()  # 按这个顺序",),
    ),
    "step-before-backward": Text(
        "step() 在 backward() 之前：还没有梯度，所以什么都没有更新。",
        ("loss.backward(); optimizer.step()  # 按这个顺序",),
    ),
    "parameters-not-in-optimizer": Text(
        (
            "有 {count} 个参数得到了梯度，却不在任何优化器里，第一个是 {name}：它们不会学习。",
            "有 {count} 个参数得到了梯度，却不在任何优化器里：它们不会学习。",
            "有的参数得到了梯度，却不在任何优化器里：它们不会学习。",
        ),
        ("optimizer = torch.optim.SGD(net.parameters(), lr=0.01)  # 网络的全部参数",),
    ),
    "train-forgotten": Text(
        (
            "{net} 在 eval 模式下训练：其中的 {layer} 仍按测试时的方式工作。",
            "网络在 eval 模式下训练：有的层仍按测试时的方式工作。",
        ),
        ("{net:net}.train()  # 测试之后，下一轮之前",),
    ),
    "eval-forgotten": Text(
        (
            "这里在做测试，{layer} 却还按训练时的方式工作：得到的不是训练好的网络的结果。",
            "这里在做测试，网络却还按训练时的方式工作：得到的不是训练好的网络的结果。",
        ),
        ("net.eval()  # 测试之前；测试之后再 net.train()",),
    ),
    "softmax-before-cross-entropy": Text(
        "cross_entropy 接收 logits，自己会做 softmax：做两次会把梯度压小，学得很慢。",
        ("loss = F.cross_entropy(logits, target)  # 不要先做 softmax",),
    ),
    "log-softmax-before-cross-entropy": Text(
        "cross_entropy 自己会做 log_softmax：再做一次结果不变，只是费时间。",
        (
            "loss = F.cross_entropy(logits, target)  # 不要先做 log_softmax",
            "loss = F.nll_loss(output, target)  # 已经做过",
        ),
    ),
    "relu-before-cross-entropy": Text(
        "logits 经过了 ReLU：任何类别的得分都不会低于 0，全被截断时就什么也学不到。",
        ("logits = fc(x)  # 最后一层后面不要 ReLU",),
    ),
    "sigmoid-before-cross-entropy": Text(
        "logits 经过了 sigmoid：数值都在 0 和 1 之间，softmax 无法对某一类有把握。",
        ("logits = fc(x)  # 最后一层后面不要 sigmoid",),
    ),
    "loss-broadcast": Text(
        (
            "{output} 减 {target} 得到 {all}：每个输出都和每个目标比较，得到的损失是错的。",
            "输出和目标形状不同：每个输出都和每个目标比较，得到的损失是错的。",
        ),
        ("loss = ((output.squeeze(1) - target) ** 2).mean()  # 形状相同",),
    ),
    "nan-loss": Text(
        ("从第 {step} 步起，损失是 {value}。", "损失已经不是数了。"),
        (
            "torch.autograd.set_detect_anomaly(True)  # 指出是哪个运算造成的",
            "optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)  # 学习率小一些",
        ),
    ),
    "nan-gradient": Text(
        (
            "第 {step} 步，{name} 的梯度不是数，而损失是正常的。",
            "第 {step} 步，有的梯度不是数，而损失是正常的。",
            "有的梯度不是数，而损失是正常的。",
        ),
        ("y = torch.sqrt(x + 1e-8)  # 它在 0 处的斜率是无穷大，log 和 norm 也是",),
    ),
    "float64-sneaks-in": Text(
        "损失是 float64，参数是 float32：NumPy 或 Python 的数据带进了 float64。",
        ("x = torch.from_numpy(array).float()  # 和网络一样是 float32",),
    ),
    "rate-too-high": Text(
        (
            "损失连续十步上升，从 {before} 到 {now}：学习率太大。",
            "损失连续十步上升：学习率太大。",
        ),
        ("optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)  # 比如十分之一",),
    ),
    "guessing": Text(
        (
            "损失连续 200 步都是 {loss}，也就是 ln({classes})：网络在瞎猜。",
            "损失连续 200 步都是 ln（类别数）：网络在瞎猜。",
        ),
        ("print(x[:8], y[:8])  # 数据和标签对得上吗？梯度传到了吗？",),
    ),
    "loss-keeps-graph": Text(
        (
            "{total} 加上的 {loss} 带着计算图：每一步的内存都会留着。",
            "累加的损失带着计算图：每一步的内存都会留着。",
        ),
        ("{total:total} += {loss:loss}.item()  # 只要数值",),
    ),
    "unshuffled-labels": Text(
        (
            "{loader} 按顺序给出数据，到目前为止每一批只有一种标签：网络会学一类忘一类。",
            "数据按顺序给出，到目前为止每一批只有一种标签：网络会学一类忘一类。",
        ),
        ("{loader:loader} = DataLoader(data, batch_size=32, shuffle=True)",),
    ),
    "data-attribute": Text(
        "`.data` 绕过了 autograd：通过它修改会得到错误的梯度，而且不报错。",
        ("{x:x}.detach()  # 只读", "with torch.no_grad(): {x:x}.mul_(0.5)  # 要修改"),
    ),
    "modules-in-list": Text(
        (
            "{name} 是普通列表：parameters() 找不到其中的 {count} 个模块，它们不会被训练、移动或保存。",
            "普通列表会藏起其中的模块：parameters() 找不到它们。",
        ),
        ("self.{name:layers} = nn.ModuleList(self.{name:layers})",),
    ),
    "no-grad-forgotten": Text(
        (
            "{output} 每次都带着计算图，却没有人对它求导：浪费内存和时间。",
            "每次都建了计算图，却没有人对它求导：浪费内存和时间。",
        ),
        ("with torch.no_grad(): {output:output} = {net:net}(x)",),
    ),
}
