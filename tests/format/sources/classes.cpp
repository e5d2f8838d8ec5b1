// Comdats, virtual tables, initialisers, exceptions; no headers, so that it compiles quickly.
struct Base {
    virtual ~Base() {}
    virtual int value() { return 1; }
};
struct Derived : Base {
    int value() override { return 2; }
};
template <class T> T twice(T value) { static T seen; seen += value; return seen + value; }
extern void may_throw(int);
inline int counter() { static int n; return ++n; }
int computed = twice(4) + counter();
struct Guard { ~Guard() { computed++; } };
#ifdef EXCEPTIONS
int caught(int n) { Guard guard; try { may_throw(n); } catch (int error) { return error; } return 0; }
int thrown(int n) { if (n) throw n; return 1; }
#endif
int use(Base *base) { Guard guard; return base->value() + (int)twice(2.5) + counter(); }
Base *make() { return new Derived; }
