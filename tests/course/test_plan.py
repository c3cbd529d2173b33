"""The plan: seven items in a fixed order, the same pages in both languages."""

from __future__ import annotations

import pytest
import yaml

from ptlearn_tui.course.plan import PLAN_IDS, Plan, front_matter, load_plan

TITLES = {
    "en": [
        ("setup", "Installation and environment"),
        ("tensors", "Tensor basics"),
        ("autograd", "Autograd"),
        ("networks", "Building neural networks"),
        ("training", "Training and optimisation"),
        ("data", "Data loading and preprocessing"),
        ("projects", "Projects (MNIST / CIFAR-10)"),
    ],
    "zh": [
        ("setup", "安装与环境配置"),
        ("tensors", "Tensor 基础"),
        ("autograd", "Autograd 自动求导"),
        ("networks", "神经网络构建"),
        ("training", "模型训练与优化"),
        ("data", "数据加载与预处理"),
        ("projects", "项目实战（MNIST / CIFAR-10）"),
    ],
}


@pytest.fixture(params=["en", "zh"])
def plan(request: pytest.FixtureRequest) -> Plan:
    return load_plan(request.param)


def test_seven_items_stand_in_the_fixed_order_under_their_titles(plan: Plan) -> None:
    assert [(item.id, item.title) for item in plan.items] == TITLES[plan.language]
    assert tuple(item.id for item in plan.items) == PLAN_IDS


def test_every_item_has_a_summary_and_pages_that_are_numbered_on(plan: Plan) -> None:
    for item in plan.items:
        assert item.summary
        assert item.pages, item.id
        assert [page.number for page in item.pages] == [*range(1, len(item.pages) + 1)]
        assert {page.item for page in item.pages} == {item.id}
        assert item.minutes == sum(page.minutes for page in item.pages) > 0


def test_both_languages_have_the_same_pages() -> None:
    english, chinese = load_plan("en"), load_plan("zh")
    for one, other in zip(english.items, chinese.items, strict=True):
        assert [(page.key, page.minutes) for page in one.pages] == [(page.key, page.minutes) for page in other.pages]
        assert [(each.key, each.minutes) for each in one.exercises] == [
            (each.key, each.minutes) for each in other.exercises
        ]
    assert (english.start.key, english.start.minutes) == (chinese.start.key, chinese.start.minutes)


def test_a_page_is_found_by_its_key_and_no_other_name(plan: Plan) -> None:
    keys = [page.key for item in plan.items for page in item.pages]
    assert len(set(keys)) == len(keys)
    for key in keys:
        page = plan.page(key)
        assert page is not None
        assert page.key == key
    assert plan.page("autograd") is None
    assert plan.page("autograd/nothing") is None
    with pytest.raises(KeyError):
        plan.item("nothing")
    assert plan.item("autograd") is plan.items[2]


def test_the_last_page_of_an_item_leads_to_its_exercises_and_they_to_the_next_item(plan: Plan) -> None:
    pages = [page for item in plan.items for page in (*item.pages, *item.exercises)]
    for before, page, after in zip([None, *pages], pages, [*pages[1:], None], strict=False):
        assert plan.neighbours(page) == (before, after)
    first, second = plan.items[:2]
    assert plan.neighbours(first.pages[-1])[1] is first.exercises[0]
    assert plan.neighbours(first.exercises[-1])[1] is second.pages[0]


def test_the_start_page_stands_before_the_first_page(plan: Plan) -> None:
    assert plan.start.key == "start/start"
    assert plan.start.path.is_file()
    assert plan.page("start/start") is plan.start
    assert plan.start not in [page for item in plan.items for page in item.pages]
    assert plan.neighbours(plan.start) == (None, plan.items[0].pages[0])


def test_every_pages_front_matter_is_read_as_yaml_reads_it(plan: Plan) -> None:
    for page in [plan.start, *(page for item in plan.items for page in item.pages)]:
        text = page.path.read_text("utf-8")
        fields, begin = front_matter(text)
        whole = yaml.safe_load(text[4 : text.index("\n---\n")])
        assert {name: str(value) for name, value in fields.items()} == {
            name: str(value) for name, value in whole.items()
        }
        assert text[begin:].startswith("\n\n")
        assert (page.id, page.title, page.minutes) == (whole["id"], whole["title"], whole["minutes"])


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        ("id: scalar", {"id": "scalar"}),
        ("title: Another shape  ", {"title": "Another shape"}),
        ('title: "Another shape: view"', {"title": "Another shape: view"}),
        ("title: 'It''s one'", {"title": "It's one"}),
        ("title: one # and a remark", {"title": "one"}),
        ("title: 从标量反向传播", {"title": "从标量反向传播"}),
        ("tags: [a, b]", {"tags": ["a", "b"]}),
        ("done: true", {"done": True}),
        ("title:", {"title": None}),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_is_yaml(head: str, fields: dict[str, object], end: str) -> None:
    text = f"---{end}{head}{end}---{end}Text"
    found, begin = front_matter(text)
    assert found == fields
    assert text[begin:].strip() == "Text"


@pytest.mark.parametrize(
    "text",
    ["", "Text", "\n---\nid: late\n---\n", "---\nid: never closed\n", "---\nwords between two rules\n---\n"],
)
def test_what_is_no_front_matter_is_text(text: str) -> None:
    assert front_matter(text) == ({}, 0)


@pytest.mark.parametrize("head", ["a: b: c", "a: [", "date:  2024-99-99", "a: !!bool x", "a: " + "[" * 99])
def test_front_matter_that_yaml_refuses_is_a_value_error(head: str) -> None:
    with pytest.raises(ValueError, match="front matter"):
        front_matter(f"---\n{head}\n---\n")


def test_brackets_that_would_overflow_the_yaml_parsers_stack_are_text() -> None:
    assert front_matter("---\na: " + "[" * 200_000 + "\n---\n") == ({}, 0)
