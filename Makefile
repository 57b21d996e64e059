# Every target installs what it needs: `make install` comes first and is quick when nothing changed.
