"""The shell of every page: base template, menu, components, formats, styles and scripts.

Sees `lib` alone. Every app with pages extends `ui/base.html` and loads the tags of `pult_ui`.
"""
