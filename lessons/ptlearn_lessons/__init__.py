"""The course: lessons in English and Chinese, and the exercises with their checks."""
