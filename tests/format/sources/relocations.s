# Relocations that C does not make without special flags.
	.globaltype	__stack_pointer, i32
	.globaltype	__memory_base, i32, immutable
	.globaltype	__table_base, i32, immutable
	.globaltype	__tls_base, i32
	.tabletype	my_table, funcref
	.tagtype	my_tag i32
	.functype	callee (i32) -> ()

	.section	.text.all,"",@
	.globl	all
	.type	all,@function
all:
	.functype	all (i32) -> (i32)
	i32.const	0
	call	callee
	global.get	__stack_pointer
	drop
	global.get	value@GOT
	drop
	global.get	callee@GOT
	drop
	global.get	__memory_base
	i32.const	value@MBREL+4
	i32.add
	drop
	global.get	__table_base
	i32.const	callee@TBREL
	i32.add
	drop
	global.get	__tls_base
	i32.const	thread_value@TLSREL
	i32.add
	drop
	i32.const	0
	i32.load	value+4
	drop
	i32.const	callee
	drop
	i32.const	0
	i32.const	0
	call_indirect	my_table, (i32) -> ()
	i32.const	1
	throw	my_tag
	end_function

	.section	.data.value,"",@
	.globl	value
	.p2align	3
value:
	.int32	callee
	.int32	value+4
here:
	.int32	elsewhere-here
	.int64	0
	.size	here, 12
	.size	value, 20

	.section	.tdata.thread_value,"T",@
	.globl	thread_value
thread_value:
	.int32	7
	.size	thread_value, 4

	.section	.custom_section.notes,"",@
	.int32	callee@FUNCINDEX
	.int32	all
	.int32	__stack_pointer

	.section	.tag,"",@
my_tag:
