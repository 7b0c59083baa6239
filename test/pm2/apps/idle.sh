# What it was given: its arguments and its folder.
echo "arguments: $*"
echo "folder: $PWD"
exec sleep 1000
