#!/bin/sh
# Renders /etc/nginx/templates/*.template into /etc/nginx/conf.d, replacing only variables that are set in the
# environment (so that nginx's own $host and friends stay).
set -eu

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

[ -d "$templates" ] || exit 0
names=$(awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) printf "${%s} ", name }')
find "$templates" -follow -type f -name "*$suffix" | sort | while read -r template; do
    path=${template#"$templates"/}
    rendered=$output/${path%"$suffix"}
    mkdir -p "$(dirname "$rendered")"
    envsubst "$names" < "$template" > "$rendered"
    echo "$0: rendered $rendered from $template"
done
