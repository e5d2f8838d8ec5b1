# The 64-bit forms.
	.globaltype	__memory_base, i64, immutable
	.globaltype	__table_base, i64, immutable
	.globaltype	__tls_base, i64
	.functype	callee (i32) -> ()

	.section	.text.all,"",@
	.globl	all
	.type	all,@function
all:
	.functype	all () -> ()
	global.get	__memory_base
	i64.const	value@MBREL+4
	i64.add
	drop
	global.get	__table_base
	i64.const	callee@TBREL
	i64.add
	drop
	global.get	__tls_base
	i64.const	thread_value@TLSREL
	i64.add
	drop
	i64.const	callee
	drop
	i64.const	value-8
	i64.load	value+300000000
	drop
	end_function

	.section	.data.value,"",@
	.globl	value
	.p2align	3
value:
	.int64	callee
	.int64	value+4
	.size	value, 16

	.section	.tdata.thread_value,"T",@
	.globl	thread_value
thread_value:
	.int32	7
	.size	thread_value, 4
