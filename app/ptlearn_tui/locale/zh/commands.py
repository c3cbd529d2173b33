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
    "run every code cell of a lesson or a Markdown file": "运行一课或一个 Markdown 文件的所有代码格",
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
    "move ticks, answers and edits between machines": "在多台机器之间搬运打勾、回答和修改",
    "write all into one file; take in such a file; print your texts that gave way to newer ones": (
        "全部写入一个文件；合并这样的文件；打印被更新内容换下的旧文字"
    ),
    "to import, or - for stdin": "要导入的文件，- 为标准输入",
    "file to write (ptlearn-progress.json), or - for stdout": "写入的文件（ptlearn-progress.json），- 为标准输出",
    "name the file to write with -o {file}": "要写入的文件请用 -o {file} 指定",
    "import which file? it is written by: {command}": "导入哪个文件？这样的文件由此命令写出：{command}",
    "-o and --force are for export only": "-o 和 --force 只用于 export",
    "{action} takes no file": "{action} 不需要文件",
    "stdin": "标准输入",
    "it is larger than 256 MB": "超过了 256 MB",
    "on the other machine: {command}": "在另一台机器上：{command}",
    "came in": "导入",
    "newer here": "本机更新",
    "ticks": "打勾",
    "pages read": "读过的页",
    "edited cells": "改过的格",
    "cells of your own": "自己的格",
    "remarks": "批注",
    "outputs": "输出",
    "texts of yours that gave way to newer ones: {n}; they are kept": "被更新内容换下的文字：{n} 段，都保留着",
    "no import has replaced a text of yours": "还没有导入换下过你的文字",
    "a cell of your own": "自己的格",
    "remark": "批注",
    "written {written}, replaced {replaced}": "写于 {written}，换下于 {replaced}",
    '{path} is no progress file: it has no "format": "{format}"': '{path} 不是进度文件：没有 "format": "{format}"',
    "{path} is no progress file: {why}": "{path} 不是进度文件：{why}",
    "{path} was written by a newer ptlearn-tui (version {n}): update this one": (
        "{path} 由更新的 ptlearn-tui 写出（版本 {n}）：请先升级"
    ),
    "{path} was written by a newer ptlearn-tui: update this one, or choose another place with --home": (
        "{path} 由更新的 ptlearn-tui 写出：请先升级，或用 --home 另选位置"
    ),
}
