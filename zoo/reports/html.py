"""Self-contained HTML reports: the names to import.

>>> from zoo.reports.html import Paragraph, Section, page
>>> "<p>It works.</p>" in page("Report", [Section("Result", [Paragraph("It works.")])])
True
"""

from zoo.reports.blocks import Code, Examples, Paragraph, Picture, Table
from zoo.reports.demo import demo_page
from zoo.reports.document import Section, page, write

__all__ = [
    "Code",
    "Examples",
    "Paragraph",
    "Picture",
    "Section",
    "Table",
    "demo_page",
    "page",
    "write",
]
