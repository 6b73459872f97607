# shop_site.bash - for benchmarks of the demo's shop, on a site of Django's own making.

# shop_site IMPORTS PACKAGE... - makes ./site anew, and ./venv where it cannot import those modules; goes into the site.
shop_site() {
	local imports=$1 shop
	shift
	shop=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../scripts/demo/shop" && pwd)
	if ! venv/bin/python -c "import $imports" 2>/dev/null; then
		rm -rf venv
		# Debian's own Python takes SQLite from the system's library
		/usr/bin/python3 -m venv venv
		venv/bin/pip install -q "$@"
	fi
	rm -rf site
	mkdir site
	venv/bin/django-admin startproject site_of_shop site
	cd site || return
	../venv/bin/python manage.py startapp shop
	cp -R "$shop/." shop
	sed -i "s/^INSTALLED_APPS = \[/&\n    'shop',/" site_of_shop/settings.py
	sed -i "s/^from django.urls import path/&, include/; s/^urlpatterns = \[/&\n    path('', include('shop.urls')),/" site_of_shop/urls.py
}
