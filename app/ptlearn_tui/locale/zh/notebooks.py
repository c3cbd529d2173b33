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
    "{path} can't be read as a script: {why}": "{path} 无法作为脚本读取：{why}",
    "(a picture of {n} MB, left out)": "（一张 {n} MB 的图片，已略去）",
    "({kinds}: not shown here)": "（{kinds}：此处不显示）",
    "… {n} more lines, left out": "……还有 {n} 行，已略去",
}
