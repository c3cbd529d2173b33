"""Somebody's own notes as a course: any Markdown file, notebook or script, or a folder of them, as they are."""
