"""Tables as text: ECSV, which keeps units, descriptions and where the numbers are from.

Imports nothing of the project.
"""

import io

from astropy.table import Table


def table_text(table: Table) -> str:
    """Return a table as the text of an ECSV file.

    >>> table_text(Table({"teff": [4800.0]})).splitlines()[-2:]
    ['teff', '4800.0']
    """
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return text.getvalue()
