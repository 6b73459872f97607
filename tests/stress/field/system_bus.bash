# A system bus of the script's own, with a polkit that allows all to root, in a mount namespace: for daemons that know neither another bus
# nor another folder.
#
#   own_system_bus FOLDER PATH   the script goes on in that namespace, where FOLDER, made here, lies at PATH
#   end_system_bus               once the daemons have ended
own_system_bus() {
	[ -n "${OWN_SYSTEM_BUS-}" ] || exec unshare --mount --propagation private env OWN_SYSTEM_BUS=1 bash "$0"
	mkdir "$1"
	mount --bind "$1" "$2"
	cat >bus.conf <<-C
		<busconfig>
		  <type>system</type>
		  <listen>unix:path=$PWD/bus</listen>
		  <auth>EXTERNAL</auth>
		  <policy context="default">
		    <allow own="*"/>
		    <allow send_destination="*"/>
		    <allow receive_sender="*"/>
		    <allow user="*"/>
		  </policy>
		</busconfig>
	C
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
	dbus-daemon --config-file=bus.conf --nofork --nopidfile --nosyslog 2>bus.log &
	bus=$!
	until [ -S bus ]; do sleep 0.1; done
	/usr/lib/polkit-1/polkitd --no-debug >/dev/null 2>&1 &
	polkit=$!
	until_on_bus org.freedesktop.PolicyKit1
}

until_on_bus() {
	timeout 60 gdbus wait --system "$1" || echo "not on the bus: $1"
}

end_system_bus() {
	kill $polkit $bus
	wait $polkit $bus
	rm -f bus bus.conf bus.log
}
