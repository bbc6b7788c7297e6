"""Self-contained HTML reports: the names to import.

>>> from zoo.reports.html import Paragraph, Section, page
>>> "<p>It works.</p>" in page("Report", [Section("Result", [Paragraph("It works.")])])
True
"""

from zoo.reports.blocks import Answers, Code, Examples, Heading, Paragraph, Picture
from zoo.reports.demo import demo_page
from zoo.reports.document import Section, page, write
from zoo.reports.tables import Shown, Table

__all__ = [
    "Answers",
    "Code",
    "Examples",
    "Heading",
    "Paragraph",
    "Picture",
    "Section",
    "Shown",
    "Table",
    "demo_page",
    "page",
    "write",
]
