"""notebook 与脚本的字: reading them as notes, writing lessons as either."""

from __future__ import annotations

TABLE: dict[str, str] = {
    "{wanted}: Jupytext is not installed: {command}": "{wanted}：没有安装 Jupytext：{command}",
    "{path} is a notebook of {language}; only Python is run here": "{path} 是 {language} 的 notebook；这里只能运行 Python",
    "{path} is not a notebook: line {n} is not JSON": "{path} 不是 notebook：第 {n} 行不是 JSON",
    "{path} is not a notebook: brackets too deep, or a number too long": "{path} 不是 notebook：括号嵌套太深，或数字太长",
    "{path} is not a notebook: {why}": "{path} 不是 notebook：{why}",
    "{path} is JSON, but not a notebook": "{path} 是 JSON，但不是 notebook",
    "{path} is of a newer make than is known here (nbformat {n})": "{path} 的格式比本程序所知的更新（nbformat {n}）",
    "{path} can't be read as cells: {why}": "{path} 无法读成代码格：{why}",
    "{path} can't be written as {format}: {why}": "{path} 无法写成 {format}：{why}",
    "(a picture of {n} MB, left out)": "（一张 {n} MB 的图片，已略去）",
    "({kinds}: not shown here)": "（{kinds}：此处不显示）",
    "… {n} more lines, left out": "……还有 {n} 行，已略去",
    "a lesson as a notebook, a run's numbers as a table": "把一课导出为 notebook，把训练数值导出为表格",
    "item/page or start; a file of notes; the ID of a training run": "项/页 或 start；笔记文件；训练的 ID",
    "a lesson: ipynb, md, py; a run: csv, tensorboard": "课程：ipynb、md、py；训练：csv、tensorboard",
    "file or folder to write (scalar.ipynb, ID.csv), or - for stdout": "写入的文件或文件夹（scalar.ipynb、ID.csv），- 为标准输出",
    "with your cells in place of the author's, and those you have added": "用你改过的格代替原文，并带上你添加的格",
    "{item} has several pages, export one of them: {known}": "{item} 有多页，请导出其中一页：{known}",
    "--edited is for lessons: with --to {known}": "--edited 只用于课程，配合 --to {known}",
}
