"""命令行的字: help, answers, one-line errors."""

from __future__ import annotations

TABLE: dict[str, str] = {
    "A learning dashboard for PyTorch in the terminal. Without a command: the dashboard.": (
        "终端里的 PyTorch 学习面板。不带命令时打开面板。"
    ),
    "a fault of the program itself: {name}: {what}": "程序自身出错：{name}：{what}",
    "a fault of the program itself ({name}); it is written down in {log}": "程序自身出错（{name}）；详情已写入 {log}",
    "{name}={given}: a size is wanted, 512MB or 8GB, and at least 100MB": "{name}={given}：应为大小，如 512MB 或 8GB，至少 100MB",
    "everywhere": "通用选项",
    "commands": "命令",
    "usage: ": "用法：",
    "options": "选项",
    "positional arguments": "参数",
    "print this help": "显示帮助",
    "Example: {example}": "例：{example}",
    "see {help}": "见 {help}",
    "English or Chinese": "英文或中文",
    "where progress and runs are kept": "进度和训练记录放在哪里",
    "a folder with MNIST or CIFAR-10": "放有 MNIST 或 CIFAR-10 的目录",
    "draw with ASCII only": "只用 ASCII 字符画图",
    "print the version": "显示版本",
    "print JSON, one object a line": "输出 JSON，每行一个对象",
    "the checklist; tick and untick its items": "学习计划；打勾或取消",
    "change an item": "改一项",
    "setup, tensors, autograd, …": "setup、tensors、autograd……",
    "run every code cell of a lesson or a Markdown file": "运行一课或一个 Markdown 文件的所有代码格",
    "a file, an item of the plan, or item/page": "文件、计划中的一项，或 项/页",
    "seconds a cell may take": "每格最多用几秒",
    "go on after a cell that failed": "出错后继续运行后面的",
    "train a recipe for real": "真正训练一个配方",
    "see --list": "见 --list",
    "what can be trained, and what it reaches": "能训练什么，能达到多少",
    "learning rate": "学习率",
    "processes (ranks) on this machine": "本机进程（rank）数",
    "start it and return": "启动后立即返回",
    "go on with a run that was stopped or lost": "接着训练一次已停止或失联的训练",
    "training runs: list, show, stop, remove": "训练：列出、查看、停止、删除",
    "the dashboard on a run, live or ended": "打开一次训练的面板，进行中或已结束",
    "the data sets: what is here, and how to get the rest": "数据集：本机有什么，其余怎么获取",
    "what this machine has, what is wrong, and what mends it": "本机有什么，哪里不对，怎么修",
    "replace a file that is there": "覆盖已有的文件",
    "no terminal here (over ssh: ssh -t); without one there are: {commands}": (
        "这里没有终端（ssh 请加 -t）；不用终端的命令有：{commands}"
    ),
    "TERM={term} can't show the dashboard; these commands need no screen: {commands}": (
        "TERM={term} 显示不了面板；不需要屏幕的命令有：{commands}"
    ),
    "no item '{item}' in the plan; there are: {known}": "计划中没有 '{item}'；有：{known}",
    "--timeout wants seconds, more than 0": "--timeout 要大于 0 的秒数",
    "no lesson and no file '{name}'; lessons: {known}": "没有叫 '{name}' 的课程或文件；课程有：{known}",
    "{path} is not a file": "{path} 不是文件",
    "{path} is not UTF-8 text (byte {n})": "{path} 不是 UTF-8 文本（第 {n} 字节）",
    "interrupted: over its time": "超时，已中断",
    "interrupted": "已中断",
    "killed: over its time, and it did not obey": "超时，不听中断，内核已结束",
    "did not raise": "没有报错",
    "ran": "已运行",
    "left out, it trains: {command}": "略过，这一格会开始训练：{command}",
    "{n} cells, {failed} failed": "共 {n} 格，{failed} 格出错",
}
